"""What one process of the API knows of every stream: the table's changelog, followed to its end.

The stream application's workers share the partitions; whoever reads them all has the whole. Each
process of the API does, from the beginning when it starts, in memory, without a consumer group.
Values are joined, not replaced, so that a record that a worker wrote late takes nothing back.
"""

import asyncio
import traceback
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson
import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition

from epep_runtime.topic_ends import partitions_of
from epep_runtime.waiting import told_to_end
from qa_service.live_board.facts import Value, fact, join
from qa_service.live_board.names import changelog
from qa_service.settings import QASettings

log = structlog.get_logger()
FETCH_MS = 500
PAUSE_SECONDS = 1.0


def where_and_what(error: Exception) -> str:
    """Name an error and the line it came from; its text is left out, for it may hold anything."""
    last = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__} in {Path(last.filename).name}, line {last.lineno}"


class Follower:
    """All values by authority, kept up to date while `run` runs."""

    def __init__(self, settings: QASettings) -> None:
        self._settings = settings
        self._values: dict[str, dict[str, Value]] = defaultdict(dict)
        self._changes: dict[str, int] = defaultdict(int)
        self._news = asyncio.Condition()
        self.places: dict[TopicPartition, int] = {}

    def values(self, authority: str) -> Mapping[str, Value]:
        """Return the values of an authority's PEPs and reviews, by stream."""
        return self._values.get(authority, {})

    def changes(self, authority: str) -> int:
        """Return a number that rises with every change of the authority's values."""
        return self._changes[authority]

    async def changed(self, authority: str, since: int, seconds: float) -> bool:
        """Wait until `changes` differs from `since`; False when the seconds have passed."""

        async def news() -> None:
            async with self._news:
                await self._news.wait_for(lambda: self._changes[authority] != since)

        try:
            await asyncio.wait_for(news(), seconds)
        except TimeoutError:
            return False
        return True

    async def run(self) -> None:
        """Follow until cancelled; after a fault of the broker, read again from the beginning.

        Kafka's client swallows a cancellation that reaches it while it closes.
        """
        said = ""
        while not told_to_end():
            try:
                await self._follow()
            except Exception as error:  # a fault of the board's must not end the service
                if (name := where_and_what(error)) != said:  # said once: it may be so for long
                    said, why = name, await self._settings.broker().refusal(error)
                    log.warning("the board cannot be read, will try again", error=said, why=why)
            await asyncio.sleep(PAUSE_SECONDS)

    async def _follow(self) -> None:
        broker = self._settings.broker()
        consumer = AIOKafkaConsumer(**broker.options(), enable_auto_commit=False)
        try:
            await consumer.start()
            partitions = await partitions_of(broker, [changelog(self._settings)])
            consumer.assign(partitions)
            await consumer.seek_to_beginning(*partitions)
            self.places = dict.fromkeys(partitions, 0)
            while True:
                fetched = await consumer.getmany(timeout_ms=FETCH_MS)
                await self._take(fetched)
                for partition in partitions:
                    self.places[partition] = await consumer.position(partition)
        finally:
            await consumer.stop()

    async def _take(self, fetched: Mapping[TopicPartition, list[Any]]) -> None:
        moved: set[str] = set()
        for messages in fetched.values():
            for message in messages:
                if message.value is not None:
                    moved |= self.learn(message.key.decode(), orjson.loads(message.value))
        if moved:
            async with self._news:
                for authority in moved:
                    self._changes[authority] += 1
                self._news.notify_all()

    def learn(self, stream: str, value: Value) -> set[str]:
        """Join one stream's value with what is known of it; return the authority if that is new."""
        belongs = fact(value, "begun") or fact(value, "review")
        if not belongs:
            return set()
        authority = belongs["authority"]
        known = self._values[authority].get(stream, {})
        joined = join(known, value)
        if joined is known:
            return set()
        self._values[authority][stream] = joined
        return {authority}
