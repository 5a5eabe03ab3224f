"""When the board's worker is done with an event: once Kafka has what came of it, and no sooner."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import orjson
import pytest
from pydantic import SecretStr

from qa_service.live_board import counting_worker
from qa_service.live_board.counting_worker import Counting
from qa_service.settings import QASettings


class Sources:
    """The stream that an agent is given, with events whose acknowledgements are noted."""

    def __init__(self, *events: tuple[str, dict[str, str]]) -> None:
        self.done: list[int] = []
        self._events = events

    def noack(self) -> "Sources":
        return self

    async def events(self) -> AsyncIterator[Any]:
        for offset, (kind, data) in enumerate(self._events):
            yield self._event(offset, kind, orjson.dumps(data))

    def _event(self, offset: int, kind: str, value: bytes) -> Any:
        told = {
            "ce_type": kind,
            "ce_streamversion": str(offset + 1),
            "ce_time": "2026-11-20T10:00:00+00:00",
        }
        headers = [(name, text.encode()) for name, text in told.items()]
        message = SimpleNamespace(
            key=b"pep-1", value=value, headers=headers, partition=2, tp=("pep", 2), offset=offset
        )
        return SimpleNamespace(message=message, ack=lambda: self.done.append(offset))


class Sent:
    """The changelog's side: what was sent, and the promise for each."""

    def __init__(self) -> None:
        self.values: list[Any] = []
        self.promises: list[asyncio.Future[None]] = []

    def __call__(self, partition: int, key: bytes, value: bytes) -> "asyncio.Future[None]":
        assert (partition, key) == (2, b"pep-1")
        self.values.append(orjson.loads(value))
        self.promises.append(asyncio.get_running_loop().create_future())
        return self.promises[-1]


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch, counting: Counting) -> Sent:
    made = Sent()
    monkeypatch.setattr(counting._streams, "send_changelog", made)
    monkeypatch.setattr(counting_worker, "AGAIN_SECONDS", 0)
    return made


@pytest.fixture
def counting(tmp_path: Path) -> Counting:
    settings = QASettings(database_url=SecretStr("postgresql://nowhere"))
    return Counting(settings, 6, str(tmp_path))


async def turn() -> None:
    """Let what is due on the loop happen."""
    for _ in range(3):
        await asyncio.sleep(0)


async def test_an_event_is_done_once_kafka_has_its_value(counting: Counting, sent: Sent) -> None:
    stream = Sources(("PEPSubmitted", {}), ("PageSaved", {}), ("PEPSubmitted", {}))
    await counting._count(stream)
    await turn()
    assert sent.values == [{"stage": [1, "submitted"]}, {"stage": [3, "submitted"]}]
    sent.promises[1].set_result(None)
    await turn()
    assert stream.done == []  # the one before them is not: they must not be committed over it
    sent.promises[0].set_result(None)
    await turn()
    assert stream.done == [0, 1, 2]


async def test_what_kafka_did_not_take_is_sent_again_as_it_is_by_then(
    counting: Counting, sent: Sent
) -> None:
    stream = Sources(("PEPSubmitted", {}), ("PEPReturned", {}))
    await counting._count(stream)
    sent.promises[1].set_result(None)
    sent.promises[0].set_exception(TimeoutError())
    while len(sent.values) < 3:
        await turn()
    assert stream.done == []
    assert sent.values[2] == {"stage": [2, "returned"]}
    sent.promises[2].set_result(None)
    await turn()
    assert stream.done == [0, 1]


async def test_an_event_again_needs_no_value_and_is_done_at_once(
    counting: Counting, sent: Sent
) -> None:
    first = Sources(("PEPSubmitted", {}))
    await counting._count(first)
    sent.promises[0].set_result(None)
    await turn()
    again = Sources(("PEPSubmitted", {}))
    await counting._count(again)
    assert (again.done, len(sent.values)) == ([0], 1)


async def test_an_event_that_lacks_what_it_must_say_is_noted_and_passed(
    counting: Counting, sent: Sent
) -> None:
    stream = Sources(("MeetingTimeNoted", {}), ("PEPSubmitted", {}))
    await counting._count(stream)
    assert (counting.unreadable, stream.done) == (1, [0])
    assert sent.values == [{"stage": [2, "submitted"]}]


async def test_events_of_partitions_that_were_handed_out_anew_are_acknowledged_no_more(
    counting: Counting, sent: Sent, monkeypatch: pytest.MonkeyPatch
) -> None:
    sought: list[tuple[str, int]] = []

    class Consumer:
        def assignment(self) -> list[Any]:
            return [SimpleNamespace(topic="pep"), SimpleNamespace(topic="x-changelog")]

        async def seek(self, where: Any, place: int) -> None:
            sought.append((where.topic, place))

    # What is not committed is read again from the start, and not from after what was thrown away.
    monkeypatch.setattr(counting.app, "_consumer", Consumer())
    before = Sources(("PEPSubmitted", {}))
    await counting._count(before)
    await counting._begin_partitions()
    assert sought == [("pep", 0)]
    again = Sources(("PEPSubmitted", {}), ("PageSaved", {}))
    await counting._count(again)
    sent.promises[0].set_result(None)
    await turn()
    assert (before.done, again.done) == ([], [0, 1])
