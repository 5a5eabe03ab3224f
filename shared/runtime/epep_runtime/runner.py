"""Runs one subscription: fetch, handle, store the result and the place in one transaction."""

import asyncio
import contextlib
import time
from dataclasses import dataclass
from typing import Any

import asyncpg
import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition
from aiokafka.errors import KafkaError

from epep_events.cloudevents import from_message
from epep_events.envelope import Recorded
from epep_runtime.event_store import EventStore, VersionConflictError
from epep_runtime.places import Place, PlaceLostError, move_place, read_places, start_at
from epep_runtime.postgres import Connection, Pool
from epep_runtime.settings import Settings
from epep_runtime.subscriptions import Projector, Reaction, Reactor, Subscription
from epep_runtime.telemetry import context_of, tracer
from epep_runtime.topic_ends import ends_of

log = structlog.get_logger()
FETCH_MS = 200
FETCH_RECORDS = 500
FIRST_BACKOFF, LAST_BACKOFF = 0.1, 10.0
FAULTS = (PlaceLostError, KafkaError, asyncpg.InterfaceError, OSError)
RETRIED = (*FAULTS, asyncpg.PostgresError)


@dataclass(frozen=True, slots=True)
class Bus:
    """Where the events come from: the broker, and how topics and groups are named here."""

    bootstrap: str
    prefix: str
    group: str

    def topic(self, context: str) -> str:
        """Return the name of a context's topic."""
        return f"{self.prefix}{context}"


class _Drain(ConsumerRebalanceListener):  # type: ignore[misc]
    """Lets partitions go only between two batches, and seeks to the stored places on arrival."""

    def __init__(self, runner: "Runner") -> None:
        self._runner = runner

    async def on_partitions_revoked(self, _: Any) -> None:
        async with self._runner.busy:
            self._runner.forget()

    async def on_partitions_assigned(self, assigned: Any) -> None:
        await self._runner.take_over(list(assigned))


class Runner:
    """Runs one projector or reactor in this process, sharing partitions with its other workers."""

    def __init__(
        self,
        pool: Pool,
        store: EventStore,
        bus: Bus,
        subscription: Subscription,
        settings: Settings | None = None,
    ) -> None:
        self._pool, self._store, self._bus, self._settings = pool, store, bus, settings
        self.subscription = subscription
        self.busy = asyncio.Lock()
        self._stopping = asyncio.Event()
        self._places: dict[TopicPartition, Place] = {}
        self._consumer: AIOKafkaConsumer | None = None
        self._behind_since: float | None = None
        self.trouble: str | None = None

    def stop(self) -> None:
        """Finish the batch under way and return from `run`."""
        self._stopping.set()

    async def run(self) -> None:
        """Follow the topics until stopped; after a fault of broker or database, go on."""
        while not self._stopping.is_set():
            try:
                await self._follow()
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
        consumer = AIOKafkaConsumer(
            bootstrap_servers=self._bus.bootstrap,
            group_id=f"{self._bus.prefix}{self._bus.group}.{self.subscription.name}",
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            session_timeout_ms=10_000,
            heartbeat_interval_ms=2_000,
        )
        await consumer.start()
        self._consumer = consumer
        try:
            if isinstance(self.subscription, Reactor):
                ends = await ends_of(consumer, self._bus.bootstrap, topics)
                await start_at(self._pool, self.subscription.name, ends)
            consumer.subscribe(topics, listener=_Drain(self))
            while not self._stopping.is_set():
                await self._round(consumer)
        finally:
            self._consumer = None
            self.forget()
            with contextlib.suppress(KafkaError):
                await consumer.stop()

    async def _round(self, consumer: AIOKafkaConsumer) -> None:
        fetched = await consumer.getmany(timeout_ms=FETCH_MS, max_records=FETCH_RECORDS)
        for partition, messages in fetched.items():
            async with self.busy:
                if partition not in self._places:
                    continue
                try:
                    await self._take(partition, messages)
                except PlaceLostError:
                    log.warning("place lost, reading it again", name=self.subscription.name)
                    await self.take_over([partition])
        if fetched:
            offsets = {each: place.next_offset for each, place in self._places.items()}
            with contextlib.suppress(KafkaError):
                await consumer.commit(offsets)

    async def take_over(self, partitions: list[TopicPartition]) -> None:
        """Read the stored places of these partitions and go on from them."""
        consumer = self._consumer
        if consumer is None:
            return
        stored = await read_places(self._pool, self.subscription.name)
        for partition in partitions:
            place = stored.get((partition.topic, partition.partition), Place(0, 0))
            self._places[partition] = place
            consumer.seek(partition, place.next_offset)

    def forget(self) -> None:
        """Drop what is known of the partitions held."""
        self._places.clear()

    async def _take(self, partition: TopicPartition, messages: list[Any]) -> None:
        """Handle a partition's batch: as a whole where that works, else one by one."""
        if isinstance(self.subscription, Projector):
            try:
                await self._handle(partition, messages)
            except FAULTS:
                raise
            except Exception:
                log.warning("batch failed, taking it one by one", name=self.subscription.name)
            else:
                return
        for message in messages:
            if not await self._take_one(partition, message):
                return

    async def _take_one(self, partition: TopicPartition, message: Any) -> bool:
        """Handle one message, trying again until it works; False when told to stop."""
        backoff = FIRST_BACKOFF
        while True:
            try:
                await self._handle(partition, [message])
            except FAULTS:
                raise
            except Exception as error:
                self.trouble = type(error).__name__
                quiet = isinstance(error, VersionConflictError)
                (log.info if quiet else log.warning)(
                    "event not handled, trying again",
                    name=self.subscription.name,
                    topic=partition.topic,
                    offset=message.offset,
                    error=type(error).__name__,
                    exc_info=None if quiet or backoff > FIRST_BACKOFF else error,
                )
                await self._pause(backoff)
                if self._stopping.is_set():
                    return False
                backoff = min(backoff * 2, LAST_BACKOFF)
            else:
                self.trouble = None
                return True

    async def _handle(self, partition: TopicPartition, messages: list[Any]) -> None:
        place = self._places[partition]
        publication = place.publication
        async with self._pool.acquire() as connection, connection.transaction():
            for message in messages:
                event = from_message(self._store.catalog, message.headers, message.value)
                if event.publication > publication:
                    await self._call(connection, event)
                    publication = event.publication
            moved = Place(messages[-1].offset + 1, publication)
            await move_place(connection, self.subscription.name, partition, place, moved)
        self._places[partition] = moved

    async def _call(self, connection: Connection, event: Recorded) -> None:
        kind, meta = type(event.data), event.meta
        if kind not in self.subscription.handles:
            return
        name = f"{self.subscription.name} {meta.type}"
        with tracer.start_as_current_span(name, context=context_of(meta.traceparent)):
            if isinstance(self.subscription, Projector):
                await self.subscription.handles[kind](connection, event.data, meta)
            else:
                reaction = Reaction(connection, self._store, meta, self._settings)
                await self.subscription.handles[kind](reaction, event.data, meta)

    async def _pause(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._stopping.wait(), seconds)

    def lag(self) -> dict[str, Any]:
        """Return how far behind this worker's partitions are, in events and in seconds."""
        events = 0
        consumer = self._consumer
        for partition, place in self._places.items():
            end = consumer.highwater(partition) if consumer else None
            events += max(0, (end or 0) - place.next_offset)
        if events == 0:
            self._behind_since = None
        elif self._behind_since is None:
            self._behind_since = time.monotonic()
        since = self._behind_since
        return {
            "name": self.subscription.name,
            "assigned": len(self._places),
            "lag_events": events,
            "lag_seconds": 0.0 if since is None else round(time.monotonic() - since, 1),
            "trouble": self.trouble,
        }
