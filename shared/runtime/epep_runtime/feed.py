"""One Kafka consumer for all subscriptions of a role: an event is fetched and decoded once for all.

The feed reads at the front. Each subscription has a tap (`tap.py`), which is to its runner what a
consumer of its own would be. Whoever wants what lies a little way back has the feed go back for
it; the others pass over what they have had. Whoever is far behind, being new, or slow, reads alone
until it has caught up, and holds nobody back.
"""

import asyncio
import contextlib
import time
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any

import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition
from aiokafka.errors import KafkaConnectionError, KafkaError

from epep_runtime.bus import FETCH_MS, FETCH_RECORDS, Bus
from epep_runtime.kafka_faults import if_the_broker_is_there, lost_as_kafka_error
from epep_runtime.topic_ends import require_topics
from epep_runtime.waiting import comes_within

if TYPE_CHECKING:
    from epep_runtime.tap import Tap

log = structlog.get_logger()
NEAR = 1_000
"""So many messages the feed goes back for one subscription."""
PATIENCE_SECONDS = 1.0
"""So long the feed waits for a subscription that has not taken what it was handed."""
TELL_SECONDS = 1.0
PAUSE_SECONDS = 1.0


class Feed(ConsumerRebalanceListener):  # type: ignore[misc]
    """Reads the topics of several subscriptions, and shares partitions with other processes' feeds.

    `role` names the group: feeds of one role follow the same subscriptions everywhere.
    """

    def __init__(self, bus: Bus, role: str, contexts: Collection[str]) -> None:
        self.bus, self._role = bus, role
        self._topics = [bus.topic(context) for context in sorted(set(contexts))]
        self._taps: list[Tap] = []
        self.consumer: AIOKafkaConsumer | None = None
        self.assigned: frozenset[TopicPartition] = frozenset()
        self._reached: dict[TopicPartition, int] = {}
        self._begun: set[TopicPartition] = set()
        self.moving = asyncio.Lock()
        self._known = asyncio.Event()
        self.failed: Exception | None = None
        self.refused: str | None = None
        """Why Kafka turns this service away, in a sentence; None where it does not."""
        self._stopping = asyncio.Event()
        self._next_telling = 0.0

    def stop(self) -> None:
        """Return from `run` as soon as every subscription has left."""
        self._stopping.set()

    async def run(self) -> None:
        """Read until stopped; after a fault of the broker, which every tap raises, begin again."""
        try:
            while not self._over():
                try:
                    with lost_as_kafka_error():
                        await self._follow()
                except (KafkaError, OSError) as error:
                    self._end(error)
                    self.refused = await self.bus.broker.refusal(error)
                    name, why = type(error).__name__, self.refused
                    log.warning("feed interrupted", role=self._role, error=name, why=why)
                    await comes_within(self._stopping, PAUSE_SECONDS)
        finally:
            self._end(KafkaConnectionError("the feed has ended"))

    async def ready(self) -> AIOKafkaConsumer:
        """Return the consumer once it is there. Raises what keeps it from being there."""
        await self._known.wait()
        return self.required(self.consumer)

    def required(self, consumer: AIOKafkaConsumer | None) -> AIOKafkaConsumer:
        """Return this consumer where it is the present one. Raises what it ended with."""
        if consumer is None or consumer is not self.consumer:
            raise self.failed or KafkaConnectionError("the feed was interrupted")
        return consumer

    def attach(self, tap: "Tap") -> None:
        """Hand on to this tap, too."""
        self._taps.append(tap)

    def detach(self, tap: "Tap") -> None:
        """Hand nothing on to this tap any more."""
        if tap in self._taps:
            self._taps.remove(tap)

    def takes_up(self, where: TopicPartition, offset: int) -> bool:
        """Tell whether what comes from this offset on will be handed on.

        The feed goes back for it where that is near. Before it has handed on anything of the
        partition it goes forward, too: to where the first is, and the others are behind.
        """
        if where not in self.assigned:
            return True  # nothing comes any more
        reached = self._reached.get(where)
        if reached is None or reached - NEAR <= offset < reached:
            self._go(where, offset)
        elif offset > reached + NEAR and where not in self._begun:
            self._go(where, offset)
            for tap in self._taps:
                tap.fall_behind(where, offset)
        return offset >= self._reached[where]

    def _go(self, where: TopicPartition, offset: int) -> None:
        if self.consumer:
            self.consumer.seek(where, offset)
        self._reached[where] = offset

    async def on_partitions_revoked(self, revoked: Collection[TopicPartition]) -> None:
        """Have every subscription let go, each when its batch is done."""
        async with self.moving:
            self.assigned -= frozenset(revoked)
            await asyncio.gather(*(tap.leave(revoked) for tap in list(self._taps)))
            self._forget()

    async def on_partitions_assigned(self, assigned: Collection[TopicPartition]) -> None:
        """Have every subscription take over from where it is."""
        async with self.moving:
            self.assigned = frozenset(assigned)
            await asyncio.gather(*(tap.arrive() for tap in list(self._taps)))

    async def _follow(self) -> None:
        consumer = self.bus.member(self._role)
        try:
            await consumer.start()
            await require_topics(consumer, self._topics)
            consumer.subscribe(self._topics, listener=self)
            self.consumer, self.failed, self.refused = consumer, None, None
            self._known.set()
            while not self._over():
                fetched = await consumer.getmany(timeout_ms=FETCH_MS, max_records=FETCH_RECORDS)
                await self._hand_on(fetched)
                await self._tell(consumer)
        finally:
            self.consumer = None
            self._known.clear()
            self.assigned = frozenset()
            self._forget()
            with if_the_broker_is_there():
                await consumer.stop()

    async def _hand_on(self, fetched: Mapping[TopicPartition, list[Any]]) -> None:
        for where, messages in fetched.items():
            if where not in self.assigned:
                continue
            self._reached[where] = messages[-1].offset + 1
            followed = [tap.hand(where, messages) for tap in self._taps]
            if any(followed):
                self._begun.add(where)
        full = [tap for tap in self._taps if not tap.has_room.is_set()]
        if full:
            await self._wait_for(full)

    async def _wait_for(self, full: list["Tap"]) -> None:
        """Wait a moment for who is slow, so that not everybody reads for himself in a rush."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE_SECONDS):
                for tap in full:
                    await tap.has_room.wait()
        for tap in full:
            if not tap.has_room.is_set():
                tap.read_alone()

    async def _tell(self, consumer: AIOKafkaConsumer) -> None:
        """Let Kafka know what every subscription has done, where operators' tools look for it."""
        if time.monotonic() < self._next_telling:
            return
        self._next_telling = time.monotonic() + TELL_SECONDS
        done: dict[TopicPartition, int] = {}
        for tap in self._taps:
            for where in self.assigned & tap.done.keys():
                done[where] = min(tap.done[where], done.get(where, tap.done[where]))
        if done:
            with if_the_broker_is_there():
                await consumer.commit(done)

    def _over(self) -> bool:
        return self._stopping.is_set() and not self._taps

    def _forget(self) -> None:
        self._reached.clear()
        self._begun.clear()

    def _end(self, error: Exception) -> None:
        self.failed = error
        self._known.set()
        for tap in self._taps:
            tap.wake()
