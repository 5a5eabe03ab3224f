"""The log of one service: read a stream, append to it."""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Generic, NamedTuple, TypeVar
from uuid import UUID

import asyncpg
import orjson

from epep_events.base import Event
from epep_events.catalog import Catalog
from epep_events.envelope import Actor, Metadata, Recorded
from epep_events.sealed_fields import (
    Document,
    ErasedSubjectError,
    Keys,
    Slot,
    Subject,
    plan_of,
    seal,
    slots_to_seal,
)
from epep_runtime.ids import new_id
from epep_runtime.keyring import Keyring, open_document, subjects_in
from epep_runtime.postgres import Connection, Pool
from epep_runtime.remembering import Folded, nothing_folded_yet

S = TypeVar("S")
VERSION_CONFLICT = "EP409"

# In the order of the locks, not of the names: two names may share a lock, and two transactions
# that take the same locks in different orders would wait for each other for ever. A subquery
# with DISTINCT and ORDER BY is not flattened, so the locks are taken in its order.
HOLD_STREAMS = """
SELECT pg_advisory_xact_lock(key)
  FROM (SELECT DISTINCT hashtextextended(name, 0) AS key FROM unnest($1::text[]) AS name
         ORDER BY key) AS wanted
"""

READ = """
SELECT stream_id, stream_version, event_id, type, schema_version, occurred_at, authority, actor_id,
       actor_role, on_behalf_of, correlation_id, causation_id, traceparent, data::text AS text
  FROM events WHERE stream_id = $1 AND stream_version > $2 ORDER BY stream_version
"""
PARAMETERS = ", ".join(f"${number}" for number in range(1, 15))
APPEND_ONE = f"SELECT append_event({PARAMETERS})"
APPEND_MANY = f"SELECT append_events({PARAMETERS})"


class VersionConflictError(Exception):
    """The stream has moved on since it was read."""


@dataclass(frozen=True, slots=True)
class Aggregate(Generic[S]):
    """How events of one kind of stream become its state: a pure fold from `initial`.

    Streams are named `<name>-<id>`. `about` returns the child that a state is about, under whose
    key the personal values in the stream's events are sealed.
    """

    name: str
    initial: S
    evolve: Callable[[S, Event], S]
    about: Callable[[S], UUID | None] | None = None

    def stream(self, key: UUID | str) -> str:
        """Return the stream's id."""
        return f"{self.name}-{key}"

    def child_after(self, state: S, events: Iterable[Event]) -> UUID | None:
        """Return the child whom the stream is about once these events have happened."""
        if self.about is None:
            return None
        for event in events:
            state = self.evolve(state, event)
        return self.about(state)


@dataclass(frozen=True, slots=True)
class Loaded(Generic[S]):
    """An aggregate's state and the version of its stream; version 0 means that there is none."""

    state: S
    version: int
    events: tuple[Recorded, ...]


@dataclass(frozen=True, slots=True)
class Cause:
    """Who appends, for which authority, because of what."""

    actor: Actor
    authority: str | None
    correlation_id: UUID
    causation_id: UUID | None = None
    traceparent: str | None = None

    def within(self, authority: str | None) -> "Cause":
        """Return the same cause, within another authority."""
        return replace(self, authority=authority)


class Appended(NamedTuple):
    """One event as `append_event` takes it: sealed, and in the order of its parameters."""

    stream: str
    expected: int
    id: UUID
    type: str
    schema_version: int
    document: str
    occurred_at: datetime
    authority: str | None
    actor_id: str
    actor_role: str
    on_behalf_of: str | None
    correlation_id: UUID
    causation_id: UUID | None
    traceparent: str | None


def _utc_now() -> datetime:
    return datetime.now(UTC)


class EventStore:
    """Appends to and reads the event table of the database that a connection belongs to.

    Personal values are sealed on their way in and opened on their way out, with the keyring's
    keys. `appended` is set after each append so that a relay in the same process wakes at once.
    What was folded lately is remembered (`remembering.py`).
    """

    def __init__(
        self,
        catalog: Catalog,
        source: str,
        keyring: Keyring,
        clock: Callable[[], datetime] = _utc_now,
    ) -> None:
        self.catalog = catalog
        self.source = source
        self.keyring = keyring
        self.clock = clock
        self.appended = asyncio.Event()
        self._recent = nothing_folded_yet()

    async def hold(self, connection: Connection, stream_ids: Iterable[str]) -> None:
        """Keep every other writer from these streams until the caller's transaction ends.

        A transaction that appends to several streams must hold them all before its first write.
        Otherwise it would have its transaction id while it waits for a later stream, and whoever
        writes there meanwhile would be published in the wrong order (`sql/0002_append_events.sql`).
        """
        await connection.execute(HOLD_STREAMS, list(stream_ids))

    async def append(
        self,
        connection: Connection,
        stream_id: str,
        expected_version: int,
        events: Sequence[Event],
        cause: Cause,
        *,
        about: UUID | None = None,
    ) -> int:
        """Append `events` and return the stream's new version.

        `about` is the child whom the stream is about; an event that says its child needs none.
        Should be the first write of its transaction (see `sql/0002_append_events.sql`), or go to a
        stream that `hold` took before the first write.
        Raises VersionConflictError when the stream is not at `expected_version`, or came there
        in a later transaction than this one (`sql/0017_no_earlier_transaction.sql`),
        ErasedSubjectError for a person who has been erased, UnknownSubjectError for a personal
        value of nobody known.
        """
        if not events:
            return expected_version
        if len(events) == 1:
            made = await self.made_ready(stream_id, expected_version, events[0], cause, about=about)
            return await self.write(connection, made)
        ids = [new_id() for _ in events]
        return await self._write(
            connection,
            APPEND_MANY,
            (
                stream_id,
                expected_version,
                ids,
                [event.type_name() for event in events],
                [event.schema_version for event in events],
                await self._sealed(ids, events, str(about) if about else None),
                *self._around(cause),
            ),
        )

    async def made_ready(
        self,
        stream_id: str,
        expected_version: int,
        event: Event,
        cause: Cause,
        *,
        about: UUID | None = None,
    ) -> Appended:
        """Return one event as `write` takes it. Raises what `append` does for its persons."""
        own = new_id()
        [document] = await self._sealed([own], [event], str(about) if about else None)
        said = own, event.type_name(), event.schema_version, document
        return Appended._make((stream_id, expected_version, *said, *self._around(cause)))

    async def write(self, connection: Connection, made: Appended) -> int:
        """Append what was made ready; see `append`."""
        return await self._write(connection, APPEND_ONE, made)

    def _around(self, cause: Cause) -> tuple[Any, ...]:
        return (
            self.clock(),
            cause.authority,
            cause.actor.id,
            cause.actor.role,
            cause.actor.on_behalf_of,
            cause.correlation_id,
            cause.causation_id,
            cause.traceparent,
        )

    async def _write(self, connection: Connection, query: str, given: Sequence[Any]) -> int:
        try:
            version: int = await connection.fetchval(query, *given)
        except asyncpg.PostgresError as error:
            if error.sqlstate == VERSION_CONFLICT:
                raise VersionConflictError(str(error)) from error
            raise
        self.appended.set()
        return version

    async def _sealed(
        self, ids: Sequence[UUID], events: Sequence[Event], about: Subject | None
    ) -> list[str]:
        """Return the events' documents as they are stored. Asks for all keys at once."""
        documents = [event.model_dump_json() for event in events]
        open_slots: list[tuple[int, Document, list[Slot]]] = []
        subjects = {about} if about else set()
        for number, event in enumerate(events):
            if plan := plan_of(type(event)):
                document = orjson.loads(documents[number])
                slots = slots_to_seal(plan, document, about)
                subjects.update(slot.subject for slot in slots)
                open_slots.append((number, document, slots))
        keys = await self.keyring.keys_for(subjects, create=True) if subjects else {}
        if about and keys[about] is None:
            raise ErasedSubjectError(about)
        for number, document, slots in open_slots:
            seal(slots, ids[number], keys)
            documents[number] = orjson.dumps(document).decode()
        return documents

    async def read(
        self, connection: Pool | Connection, stream_id: str, after: int = 0
    ) -> list[Recorded]:
        """Return the stream's events after a version, oldest first; empty where there are none."""
        return await self.recorded(await connection.fetch(READ, stream_id, after))

    async def recorded(self, rows: Sequence[Any]) -> list[Recorded]:
        """Build the events of these rows of the event table, with `text`, their JSON."""
        return self.opened(rows, await self.keys_to_open(rows))

    async def keys_to_open(self, rows: Iterable[Any]) -> Keys:
        """Return the keys that `opened` needs for these rows."""
        subjects = subjects_in(row["text"] for row in rows)
        return await self.keyring.keys_for(subjects) if subjects else {}

    def opened(self, rows: Iterable[Any], keys: Keys) -> list[Recorded]:
        """Build the events of these rows with keys that are at hand already; no waiting."""
        return [_opened(self.catalog, self.source, row, keys) for row in rows]

    async def load(
        self, connection: Pool | Connection, aggregate: Aggregate[S], key: UUID | str
    ) -> Loaded[S]:
        """Fold an aggregate's stream into its state. Raises ErasedSubjectError for an erased child.

        Nothing of an erased child is folded: what reads as erased makes no sense as a state.
        """
        stream = aggregate.stream(key)
        loaded = await self._read_on(connection, aggregate, stream) or await self._folded(
            connection, aggregate, stream
        )
        child = aggregate.about(loaded.state) if aggregate.about else None
        if child and (await self.keyring.keys_for([str(child)])).get(str(child), child) is None:
            raise ErasedSubjectError(str(child))
        return loaded

    async def _folded(
        self, connection: Pool | Connection, aggregate: Aggregate[S], stream: str
    ) -> Loaded[S]:
        """Fold a stream from its beginning."""
        rows = await connection.fetch(READ, stream, 0)
        keys = await self.keys_to_open(rows)
        loaded = fold(aggregate, self.opened(rows, keys))
        if rows:
            self._recent.keep({(aggregate.name, stream): _to_remember(loaded, keys)})
        return loaded

    async def _read_on(
        self, connection: Pool | Connection, aggregate: Aggregate[S], stream: str
    ) -> Loaded[S] | None:
        """Fold what came after the part that is remembered; None where that does not hold."""
        here = aggregate.name, stream
        known = self._recent.find([here]).get(here)
        if known is None:
            return None
        before: Loaded[S] = known.loaded
        last, *rows = await connection.fetch(READ, stream, before.version - 1) or (None,)
        seen = last is not None and last["event_id"] == before.events[-1].meta.event_id
        keys = {**await self.keys_to_open(rows), **await self.keyring.keys_for(known.subjects)}
        if not seen or any(keys.get(each) is None for each in known.subjects):
            self._recent.forget(here)
            return None
        loaded = fold(aggregate, self.opened(rows, keys), before)
        self._recent.keep({here: _to_remember(loaded, keys)})
        return loaded


def _to_remember(loaded: Loaded[Any], keys: Keys) -> Folded:
    return Folded(loaded, frozenset(subject for subject, key in keys.items() if key))


def fold(
    aggregate: Aggregate[S], events: Sequence[Recorded], known: Loaded[S] | None = None
) -> Loaded[S]:
    """Fold a stream's events into its state, from the beginning or from what is known.

    Raises ErasedSubjectError for an erased child.
    """
    before = known or Loaded(aggregate.initial, 0, ())
    erased = {subject for event in events for subject in event.erased}
    state = before.state
    for event in events:
        state = aggregate.evolve(state, event.data)
        if erased and aggregate.about and str(aggregate.about(state)) in erased:
            raise ErasedSubjectError(str(aggregate.about(state)))
    return Loaded(state, before.version + len(events), (*before.events, *events))


def _opened(catalog: Catalog, source: str, row: Any, keys: Keys) -> Recorded:
    meta = metadata_of(source, row)
    document = orjson.loads(row["text"])
    erased = open_document(document, meta.event_id, keys)
    return Recorded(catalog.read(meta.type, meta.schema_version, document), meta, 0, erased)


def metadata_of(source: str, row: Any) -> Metadata:
    """Build the envelope of one row of the event table."""
    return Metadata(
        event_id=row["event_id"],
        type=row["type"],
        schema_version=row["schema_version"],
        source=source,
        stream_id=row["stream_id"],
        stream_version=row["stream_version"],
        occurred_at=row["occurred_at"],
        authority=row["authority"],
        actor=Actor(id=row["actor_id"], role=row["actor_role"], on_behalf_of=row["on_behalf_of"]),
        correlation_id=row["correlation_id"],
        causation_id=row["causation_id"],
        traceparent=row["traceparent"],
    )
