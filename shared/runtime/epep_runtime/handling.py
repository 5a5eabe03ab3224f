"""Handing messages to one subscription: result, place and waiting room in one transaction."""

from collections.abc import AsyncIterator, Mapping, Sequence, Set
from contextlib import AbstractContextManager, asynccontextmanager, nullcontext
from typing import Any, TypeAlias
from uuid import UUID

import asyncpg
import structlog
from aiokafka import TopicPartition
from aiokafka.errors import KafkaError
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from opentelemetry.trace import SpanKind

from epep_events.base import Event
from epep_events.catalog import UnknownEventError
from epep_events.cloudevents import from_message
from epep_events.envelope import Recorded
from epep_events.operations import SubjectErased
from epep_events.sealed_fields import ErasedSubjectError, Subject
from epep_runtime import news, own_writes, parking
from epep_runtime.adding import Adding, Rows
from epep_runtime.event_store import EventStore
from epep_runtime.generations import Generation, work_alone, work_in, work_live
from epep_runtime.keyring import subjects_in_message
from epep_runtime.parking import Parcel
from epep_runtime.places import Place, PlaceLostError, move_place
from epep_runtime.postgres import DATABASE_AWAY, Connection, Pool
from epep_runtime.settings import Settings
from epep_runtime.skipping import skipped_in
from epep_runtime.subscriptions import Projector, Reaction, Reactor, Subscription
from epep_runtime.telemetry import context_of, link_here, links_of, tracer

log = structlog.get_logger()
FAULTS = (
    PlaceLostError,
    KafkaError,
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    *DATABASE_AWAY,
)
"""What is no fault of the event: the worker starts again from its stored place."""
OpenKeys: TypeAlias = dict[Subject, AESGCM | None]
"""The keys of a batch; None from the event on that says its subject is erased."""


class Handling:
    """What one worker of a subscription does with the partitions it holds.

    With a `generation` it works in the tables of that generation, beside the live ones. Raises
    TypeError for a reactor with a generation.
    """

    def __init__(
        self,
        pool: Pool,
        store: EventStore,
        subscription: Subscription,
        settings: Settings | None,
        generation: Generation | None = None,
    ) -> None:
        if generation and isinstance(subscription, Reactor):
            raise TypeError(f"{subscription.name} is a reactor: it is never replayed")
        self._pool, self._store, self._settings = pool, store, settings
        self._generation = generation
        self._subscription, self._name = subscription, subscription.name
        self.parked: set[tuple[str, str]] = set()
        self._skipped: set[tuple[str, int]] = set()

    async def refresh(self) -> None:
        """Read again which streams are parked: another worker may have held them before.

        And in a rebuild, which events operators have skipped: it goes without them, too.
        """
        self.parked = await parking.streams_parked(self._pool, self._name)
        if self._generation:
            found = await skipped_in(self._pool, self._generation.read_model)
            self._skipped = {(each.topic, each.publication) for each in found}

    @asynccontextmanager
    async def _batch(self, parcels: Sequence[Parcel] = ()) -> AsyncIterator[Connection]:
        """Open a transaction in which handlers may run, and keep a switch from coming between.

        A batch that forgets somebody waits for the batches that may still write of them.
        """
        alone = any(parcel.type_name == SubjectErased.type_name() for parcel in parcels)
        with self._span(parcels):
            async with self._pool.acquire() as connection, connection.transaction():
                if self._generation:
                    await work_in(connection, self._generation)
                elif isinstance(self._subscription, Projector):
                    await (work_alone if alone else work_live)(connection, self._name)
                yield connection

    def _span(self, parcels: Sequence[Parcel]) -> AbstractContextManager[Any]:
        """Return the span of a live batch, linked to the clicks that its events stem from.

        A rebuild is nobody's click: a million spans of years ago would tell nothing.
        """
        if self._generation:
            return nullcontext()
        carried = (parcel.headers.get("traceparent") for parcel in parcels)
        links = links_of(each.decode() for each in carried if each)
        name = f"{self._name} batch"
        return tracer.start_as_current_span(name, kind=SpanKind.CONSUMER, links=links)

    def passes_over(self, parcel: Parcel) -> bool:
        """Tell whether there is nothing to do for an event but to move the place past it."""
        try:
            kind = self._store.catalog.type_of(parcel.type_name, parcel.schema_version)
        except UnknownEventError:  # it is parked when it is taken
            return False
        parked = (parcel.topic, parcel.stream_id) in self.parked
        return not (self._concerns(kind) or parked)

    def _concerns(self, kind: type[Event]) -> bool:
        return kind in self._subscription.handles or kind is SubjectErased

    async def handle(
        self, where: TopicPartition, place: Place, parcels: Sequence[Parcel], reached: Place
    ) -> Place:
        """Handle events of one partition and move the place to `reached`, in one transaction.

        One at or below the place's publication number has been handled before; one of a
        parked stream joins its queue. A reactor that would act on an erased record has nothing
        to do there. Raises PlaceLostError, and what a handler raises: then nothing has happened.
        """
        keys = await self._keys_of(parcels)
        try:
            return await self._take(where, place, parcels, keys, reached)
        except ErasedSubjectError:
            if isinstance(self._subscription, Projector):
                raise
            log.info("erased record left alone", name=self._name)
            return await self._take(where, place, parcels, keys, reached, acting=False)

    async def move(self, moves: Mapping[TopicPartition, tuple[Place, Place]]) -> None:
        """Move places past what needed nothing, in one transaction. Raises PlaceLostError."""
        async with self._batch() as connection:
            for where, (place, reached) in moves.items():
                await move_place(connection, self._name, where, place, reached)

    async def _keys_of(self, parcels: Sequence[Parcel]) -> OpenKeys:
        """Ask for the keys of a whole batch at once, before its transaction begins."""
        subjects = set[Subject]()
        for parcel in parcels:
            subjects |= subjects_in_message(parcel.value)
        return dict(await self._store.keyring.keys_for(subjects)) if subjects else {}

    async def _take(
        self,
        where: TopicPartition,
        place: Place,
        parcels: Sequence[Parcel],
        keys: OpenKeys,
        reached: Place,
        *,
        acting: bool = True,
    ) -> Place:
        seen = place.publication
        # One event alone is inserted, so that a row that is there already does not stop it.
        rows = Rows() if self._generation and len(parcels) > 1 else None
        heard: dict[str, int] = {}
        types, erased = set[str](), set[Subject]()
        async with self._batch(parcels) as connection:
            # Whoever was erased while the batch waited is: what is in memory knows by now.
            keys |= await self._store.keyring.keys_for(list(keys))
            for parcel in parcels:
                if parcel.publication <= seen:
                    continue
                if (parcel.topic, parcel.stream_id) in self.parked:
                    await parking.queue(connection, self._name, parcel)
                elif (parcel.topic, parcel.publication) not in self._skipped:
                    if acting:
                        erased |= await self._call(connection, parcel, keys, rows)
                    heard[parcel.stream_id] = parcel.stream_version
                    types.add(parcel.type_name)
                seen = parcel.publication
            if rows:
                await rows.copy(connection)
            await self._forget(connection, erased)
            await self._note(connection, heard, types)
            await move_place(connection, self._name, where, place, reached)
        return reached

    async def park(
        self, where: TopicPartition, place: Place, message: Any, error: Exception
    ) -> Place:
        """Park the message's stream and move on. Raises PlaceLostError."""
        parcel = Parcel.of(where.topic, message)
        moved = place.past(message.offset, parcel.publication)
        async with self._batch() as connection:
            # First the place: a zombie must not meet the stream that another has parked.
            await move_place(connection, self._name, where, place, moved)
            await parking.park(connection, self._name, where, parcel, type(error).__name__)
        self.parked.add((parcel.topic, parcel.stream_id))
        log.error("stream parked", name=self._name, stream=parcel.stream_id, exc_info=error)
        return moved

    async def try_again(self, where: TopicPartition, place: Place, stream_id: str) -> None:
        """Handle a parked stream's queue in order, as far as it goes. Raises PlaceLostError."""
        try:
            while parcel := await parking.head(self._pool, self._name, where.topic, stream_id):
                keys = await self._keys_of([parcel])
                async with self._batch([parcel]) as connection:
                    await self._forget(connection, await self._again(connection, parcel, keys))
                    heard = {parcel.stream_id: parcel.stream_version}
                    await self._note(connection, heard, {parcel.type_name})
                    await parking.leave_queue(connection, self._name, parcel)
                    await move_place(connection, self._name, where, place, place)
        except FAULTS:
            raise
        except Exception as error:
            kind = type(error).__name__
            log.warning("parked stream failed again", name=self._name, error=kind)
            await parking.failed_again(self._pool, self._name, where.topic, stream_id, kind)
            return
        async with self._pool.acquire() as connection, connection.transaction():
            await parking.release(connection, self._name, where.topic, stream_id)
        self.parked.discard((where.topic, stream_id))

    async def _note(
        self, connection: Connection, heard: Mapping[str, int], types: Set[str]
    ) -> None:
        """Say how far the read model has come, and that it has changed, where that is told."""
        shows = isinstance(self._subscription, Projector) and self._subscription.tables
        if shows and not self._generation:
            await news.tell_of(connection, self._subscription, types)
            await own_writes.note(connection, self._name, heard)

    async def _again(
        self, connection: Connection, parcel: Parcel, keys: OpenKeys
    ) -> frozenset[Subject]:
        """Call the handler for what was parked; what is about an erased record is done with."""
        try:
            return await self._call(connection, parcel, keys)
        except ErasedSubjectError:
            if isinstance(self._subscription, Projector):
                raise
            return frozenset()

    async def _forget(self, connection: Connection, erased: Set[Subject]) -> None:
        """Have the read model drop what it holds of these people, also what this batch brought."""
        forget = self._subscription.forget if isinstance(self._subscription, Projector) else None
        if forget:
            for subject in sorted(erased):
                await forget(connection, UUID(subject))

    async def _call(
        self, connection: Connection, parcel: Parcel, keys: OpenKeys, rows: Rows | None = None
    ) -> frozenset[Subject]:
        """Hand an event to its handler; return the people who are erased in it, or by it."""
        kind = self._store.catalog.type_of(parcel.type_name, parcel.schema_version)
        if not self._concerns(kind):
            return frozenset()
        event = from_message(self._store.catalog, parcel.headers, parcel.value, keys)
        erased = event.erased
        if isinstance(event.data, SubjectErased):
            subject = str(event.data.subject)
            self._store.keyring.forget(subject)
            keys[subject] = None
            erased |= {subject}
        if kind in self._subscription.handles:
            await self._handler(connection, event, rows)
        return erased

    async def _handler(self, connection: Connection, event: Recorded, rows: Rows | None) -> None:
        """Call the handler; one that only adds rows leaves them in `rows`, where there are any."""
        meta = event.meta
        if rows is not None:
            handler = self._subscription.handles[type(event.data)]
            if isinstance(handler, Adding):
                rows.add(handler, event.data, meta)
                return
            await rows.copy(connection)  # what comes after them may look at them
        # A rebuild is nobody's click: a million spans of years ago would tell nothing.
        span = (
            nullcontext()
            if self._generation
            else tracer.start_as_current_span(
                f"{self._name} {meta.type}",
                context=context_of(meta.traceparent),
                links=link_here(),
            )
        )
        with span:
            if isinstance(self._subscription, Projector):
                await self._subscription.handles[type(event.data)](connection, event.data, meta)
            else:
                reaction = Reaction(connection, self._store, meta, self._settings)
                await self._subscription.handles[type(event.data)](reaction, event.data, meta)
