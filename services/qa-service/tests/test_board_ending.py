"""A process ends at once, also when it is told to while Kafka's client closes."""

import asyncio
import contextlib
from typing import Any

import pytest
from aiokafka.errors import KafkaConnectionError
from pydantic import SecretStr

from qa_service.live_board import follower
from qa_service.live_board.follower import Follower
from qa_service.settings import QASettings


class Swallowing:
    """A consumer that never starts, and waits for its end while it closes, as aiokafka's does."""

    closing = asyncio.Event()

    def __init__(self, **_: Any) -> None: ...

    async def start(self) -> None:
        raise KafkaConnectionError("away")

    async def stop(self) -> None:
        self.closing.set()
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.Event().wait()


async def test_a_cancellation_that_kafka_s_client_swallows_ends_it_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It went on for ever before, and held the process back until its time was up."""
    monkeypatch.setattr(follower, "AIOKafkaConsumer", Swallowing)
    monkeypatch.setattr(follower, "PAUSE_SECONDS", 0.0)
    settings = QASettings(database_url=SecretStr("postgresql://nowhere.invalid/qa"))
    following = asyncio.create_task(Follower(settings).run())
    await Swallowing.closing.wait()
    following.cancel()
    ended, _ = await asyncio.wait([following], timeout=10)
    following.cancel()
    assert ended
