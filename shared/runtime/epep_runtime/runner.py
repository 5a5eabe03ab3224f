"""Runs one subscription: fetch, handle, store the result and the place in one transaction."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, overload

import asyncpg
import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition

from epep_runtime.bus import FETCH_BYTES, FETCH_MS, FETCH_RECORDS, Bus
from epep_runtime.event_store import EventStore
from epep_runtime.failed_events import EventFailedError, named
from epep_runtime.feed import Feed
from epep_runtime.generations import Generation, GenerationGoneError
from epep_runtime.handling import FAULTS, Handling
from epep_runtime.holding import Holding
from epep_runtime.kafka_faults import if_the_broker_is_there, lost_as_kafka_error
from epep_runtime.parking import Parcel, due
from epep_runtime.places import PlaceLostError, start_at, topics_not_begun
from epep_runtime.postgres import Pool
from epep_runtime.settings import Settings
from epep_runtime.subscriptions import Projector, Reactor, Subscription
from epep_runtime.tap import Tap
from epep_runtime.topic_ends import places_at_the_end, require_topics
from epep_runtime.waiting import comes_within

log = structlog.get_logger()
REBUILD_RECORDS, REBUILD_FETCH_BYTES = 5_000, 2**21
"""A rebuild takes so many events at a time, of all its partitions together."""
SIDE_BY_SIDE = 4
"""So many partitions at a time: each needs a connection, of which others want some, too.

Of a live read model it is one: what its handler reads, that of another partition may be writing.
"""
LOOK_SECONDS = 1.0
STORE_SECONDS = 1.0
"""How long the stored place may lie behind what was passed over."""
PAUSES = (0.05, 0.1, 0.2, 0.4, 0.8, 1.6, None)
"""Seconds between tries of one event; then its stream is parked."""
RETRIED = (*FAULTS, asyncpg.PostgresError)


class _Drain(ConsumerRebalanceListener):  # type: ignore[misc]
    """Lets partitions go only between two batches, and seeks to the stored places on arrival.

    What fails on arrival is kept for the runner to meet: Kafka's client would only log it, and the
    partitions would stand still for as long as this worker holds them.
    """

    def __init__(self, runner: "Runner") -> None:
        self._runner = runner

    async def on_partitions_revoked(self, _: Any) -> None:
        async with self._runner.busy:
            await self._runner.let_go()

    async def on_partitions_assigned(self, assigned: Any) -> None:
        try:
            await self._runner.take_over(list(assigned))
        except Exception as error:
            self._runner.arrival_failed = error


class Runner:
    """Runs one projector or reactor in this process, sharing partitions with its other workers.

    With a `feed` it has its events from there, else from a consumer of its own. With a
    `generation` it rebuilds: in greater batches, and an event that fails ends it. Only a projector
    can be rebuilt.
    """

    @overload
    def __init__(
        self,
        pool: Pool,
        store: EventStore,
        bus: Bus,
        subscription: Subscription,
        settings: Settings | None = None,
        *,
        feed: Feed | None = None,
    ) -> None: ...

    @overload
    def __init__(
        self,
        pool: Pool,
        store: EventStore,
        bus: Bus,
        subscription: Projector,
        settings: Settings | None = None,
        *,
        generation: Generation | None = None,
    ) -> None: ...

    def __init__(
        self,
        pool: Pool,
        store: EventStore,
        bus: Bus,
        subscription: Subscription,
        settings: Settings | None = None,
        *,
        feed: Feed | None = None,
        generation: Generation | None = None,
    ) -> None:
        self._pool, self._bus, self._rebuilds = pool, bus, generation is not None
        self._feed = feed
        self.subscription = subscription
        self.handling = Handling(pool, store, subscription, settings, generation)
        self.holding = Holding(pool, self.handling, subscription.name)
        self._store_seconds = 0.0 if self._rebuilds else STORE_SECONDS
        self._next_look, self._next_store = 0.0, time.monotonic() + self._store_seconds
        self._sought: dict[TopicPartition, int] = {}
        self.busy = asyncio.Lock()
        shows = isinstance(subscription, Projector) and not self._rebuilds
        self._side_by_side = asyncio.Semaphore(1 if shows else SIDE_BY_SIDE)
        self._stopping = asyncio.Event()
        self._told: dict[TopicPartition, int] = {}
        self._consumer: AIOKafkaConsumer | Tap | None = None
        self.trouble: str | None = None
        self.arrival_failed: Exception | None = None

    def stop(self) -> None:
        """Finish the batch under way and return from `run`."""
        self._stopping.set()

    async def run(self) -> None:
        """Follow the topics until stopped; after a fault of broker or database, go on.

        In a rebuild it also ends when the generation is not being built any more. Raises
        EventFailedError, in a rebuild only.
        """
        while not self._stopping.is_set():
            try:
                with lost_as_kafka_error():
                    await self._follow()
            except GenerationGoneError:
                return
            except RETRIED as error:
                self.trouble = type(error).__name__
                log.warning(
                    "subscription interrupted, will go on",
                    name=self.subscription.name,
                    error=type(error).__name__,
                )
                await self._pause(1.0)

    async def _follow(self) -> None:
        topics = [self._bus.topic(context) for context in self.subscription.contexts]
        consumer = self._a_consumer()
        try:
            await consumer.start()
            self._consumer = consumer
            await require_topics(consumer, topics)
            if isinstance(self.subscription, Reactor):
                name = self.subscription.name
                new = await topics_not_begun(self._pool, name, topics)
                await start_at(self._pool, name, await places_at_the_end(self._bus.broker, new))
            consumer.subscribe(topics, listener=_Drain(self))
            while not self._stopping.is_set():
                await self._round(consumer)
            await self.let_go()
        finally:
            self._consumer = self.arrival_failed = None
            self.holding.forget()
            with if_the_broker_is_there():
                await consumer.stop()

    def _a_consumer(self) -> AIOKafkaConsumer | Tap:
        if self._feed:
            return Tap(self._feed)
        fetch_bytes = REBUILD_FETCH_BYTES if self._rebuilds else FETCH_BYTES
        return self._bus.member(self.subscription.name, fetch_bytes)

    async def _round(self, consumer: AIOKafkaConsumer | Tap) -> None:
        most = REBUILD_RECORDS if self._rebuilds else FETCH_RECORDS
        fetched = await consumer.getmany(timeout_ms=FETCH_MS, max_records=most)
        if self.arrival_failed:
            raise self.arrival_failed
        self.trouble = None
        await self._take_all(consumer, fetched)
        await self._store_now_and_then(consumer)
        await self._try_parked_again()

    async def _take_all(
        self, consumer: AIOKafkaConsumer | Tap, fetched: Mapping[TopicPartition, list[Any]]
    ) -> None:
        """Take the batches of several partitions side by side, each in its own transactions.

        While the database writes one, the next is made ready. Where one cannot be taken the others
        are finished all the same: cut short, they would leave connections in mid-transaction.
        """
        async with self.busy:
            takes = [self._take_or_seek(consumer, where, each) for where, each in fetched.items()]
            for ended in await asyncio.gather(*takes, return_exceptions=True):
                if ended is not None:
                    raise ended

    async def _take_or_seek(
        self, consumer: AIOKafkaConsumer | Tap, where: TopicPartition, messages: list[Any]
    ) -> None:
        async with self._side_by_side, self._from_where_the_other_is([where]):
            await self._take_from_its_place(consumer, where, messages)

    @contextlib.asynccontextmanager
    async def _from_where_the_other_is(self, held: list[TopicPartition]) -> AsyncIterator[None]:
        """Go on from the stored places where another worker turns out to have moved them."""
        try:
            yield
        except GenerationGoneError:
            raise
        except PlaceLostError:
            log.warning("place lost, reading it again", name=self.subscription.name)
            await self.take_over(held)

    async def _take_from_its_place(
        self, consumer: AIOKafkaConsumer | Tap, where: TopicPartition, messages: list[Any]
    ) -> None:
        """Take a batch that begins at the place, whatever the consumer fetched before it sought.

        What lies before the place has been handled. A batch that begins after it is fetched again
        from the place, once: should it still begin later, there is nothing in between.
        """
        held = self.holding.partitions.get(where)
        if held is None:
            return
        here = held.reached.next_offset
        ahead = [message for message in messages if message.offset >= here]
        if not ahead:
            return
        if ahead[0].offset > here and self._sought.get(where) != here:
            self._sought[where] = here
            consumer.seek(where, here)
            return
        held.oldest_waiting = ahead[0].timestamp / 1000
        await self._take(where, ahead)
        held.oldest_waiting = ahead[-1].timestamp / 1000

    async def take_over(self, partitions: list[TopicPartition]) -> None:
        """Read the stored places of these partitions and go on from them."""
        consumer = self._consumer
        if consumer is None:
            return
        for where, offset in (await self.holding.read(partitions)).items():
            consumer.seek(where, offset)

    async def let_go(self) -> None:
        """Store what was passed over, if that can be done at once, and hold nothing any more."""
        with contextlib.suppress(*RETRIED):
            await self.holding.store()
        self.holding.forget()

    async def _store_now_and_then(self, consumer: AIOKafkaConsumer | Tap) -> None:
        """Store what was reached, and let Kafka know, where operators' tools look for it."""
        if time.monotonic() < self._next_store:
            return
        self._next_store = time.monotonic() + self._store_seconds
        offsets = self.holding.reached()
        if offsets and offsets != self._told:
            with if_the_broker_is_there():
                await consumer.commit(offsets)
            self._told = offsets
        async with self.busy, self._from_where_the_other_is(list(self.holding.partitions)):
            await self.holding.store()

    async def _take(self, where: TopicPartition, messages: list[Any]) -> None:
        """Handle a partition's batch: a projector's as a whole where that works, else one by one.

        A reactor acts on one event in a transaction.
        """
        if isinstance(self.subscription, Projector):
            try:
                await self._take_together(where, messages)
            except FAULTS:
                raise
            except Exception:
                log.warning("batch failed, taking it one by one", name=self.subscription.name)
            else:
                return
        for message in messages:
            if not await self._take_one(where, message):
                return

    async def _take_together(self, where: TopicPartition, messages: Sequence[Any]) -> None:
        """Handle what concerns the subscription in one transaction; move past the rest."""
        held = self.holding.partitions[where]
        reached, some = held.reached, []
        for message in messages:
            parcel = Parcel.of(where.topic, message)
            reached = reached.past(message.offset, parcel.publication)
            if not self.handling.passes_over(parcel):
                some.append(parcel)
        if some:
            held.store(await self.handling.handle(where, held.stored, some, reached))
        else:
            held.reached = reached

    async def _take_one(self, where: TopicPartition, message: Any) -> bool:
        """Handle one message, or park its stream after some tries; False when told to stop."""
        for pause in PAUSES:
            try:
                await self._take_together(where, [message])
            except FAULTS:
                raise
            except Exception as error:
                if pause is None:
                    if self._rebuilds:
                        raise EventFailedError(named(where, message, error)) from error
                    held = self.holding.partitions[where]
                    held.store(await self.handling.park(where, held.stored, message, error))
                    return True
                log.info(
                    "event not handled, trying again",
                    name=self.subscription.name,
                    error=type(error).__name__,
                )
                await self._pause(pause)
                if self._stopping.is_set():
                    return False
            else:
                return True
        raise AssertionError("unreachable")

    async def _try_parked_again(self) -> None:
        """Give parked streams of the partitions held another try when their time has come."""
        if time.monotonic() < self._next_look or not self.handling.parked:
            return
        self._next_look = time.monotonic() + LOOK_SECONDS
        async with self.busy:
            here = self.holding.partitions
            for where, stream_id in await due(self._pool, self.subscription.name, here):
                await self.handling.try_again(where, here[where].stored, stream_id)

    async def _pause(self, seconds: float) -> None:
        await comes_within(self._stopping, seconds)

    def lag(self) -> dict[str, Any]:
        """Return how far behind this worker's partitions are, and what else readiness says."""
        consumer = self._consumer
        events, seconds = self.holding.lag(consumer.highwater if consumer else lambda _: None)
        return {
            "name": self.subscription.name,
            "assigned": len(self.holding.partitions),
            "lag_events": events,
            "lag_seconds": seconds,
            "trouble": self.trouble,
            "parked_streams": len(self.handling.parked),
        }
