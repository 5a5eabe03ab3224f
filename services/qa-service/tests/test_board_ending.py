"""A process ends at once, also when it is told to while Kafka's client closes."""

import asyncio
import contextlib
from datetime import UTC, datetime
from typing import Any

import pytest
from aiokafka.errors import KafkaConnectionError
from pydantic import SecretStr

from qa_service.live_board import follower, reach
from qa_service.live_board.follower import Follower
from qa_service.live_board.reach import Reach
from qa_service.settings import QASettings


class Swallowing:
    """A consumer that never starts, and waits for its end while it closes, as aiokafka's does."""

    def __init__(self, closing: asyncio.Event) -> None:
        self.closing = closing

    async def start(self) -> None:
        raise KafkaConnectionError("away")

    async def stop(self) -> None:
        self.closing.set()
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.Event().wait()


class Idle:
    """An admin client that does nothing."""

    async def start(self) -> None: ...

    async def close(self) -> None: ...


@pytest.mark.parametrize("module", [follower, reach])
async def test_a_cancellation_that_kafka_s_client_swallows_ends_it_all_the_same(
    monkeypatch: pytest.MonkeyPatch, module: Any
) -> None:
    """It went on for ever before, and held the process back until its time was up."""
    closing = asyncio.Event()
    monkeypatch.setattr(module, "AIOKafkaConsumer", lambda **_: Swallowing(closing))
    monkeypatch.setattr(follower, "PAUSE_SECONDS", 0.0)
    monkeypatch.setattr(reach, "EVERY_SECONDS", 0.0)
    monkeypatch.setattr(reach, "AIOKafkaAdminClient", lambda **_: Idle())
    settings = QASettings(database_url=SecretStr("postgresql://nowhere.invalid/qa"))
    board = Follower(settings)
    jobs = {follower: board.run, reach: Reach(settings, board, lambda: datetime.now(UTC)).run}
    following = asyncio.create_task(jobs[module]())
    await closing.wait()
    following.cancel()
    ended, _ = await asyncio.wait([following], timeout=10)
    following.cancel()
    assert ended
