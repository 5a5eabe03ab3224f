"""The log of one service: read a stream, append to it."""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar
from uuid import UUID

import asyncpg
import orjson

from epep_events.base import Event
from epep_events.catalog import Catalog
from epep_events.envelope import Actor, Metadata, Recorded
from epep_runtime.ids import new_id
from epep_runtime.postgres import Connection, Pool

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


class VersionConflictError(Exception):
    """The stream has moved on since it was read."""


@dataclass(frozen=True, slots=True)
class Aggregate(Generic[S]):
    """How events of one kind of stream become its state: a pure fold from `initial`.

    Streams are named `<name>-<id>`.
    """

    name: str
    initial: S
    evolve: Callable[[S, Event], S]

    def stream(self, key: UUID | str) -> str:
        """Return the stream's id."""
        return f"{self.name}-{key}"


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


def _utc_now() -> datetime:
    return datetime.now(UTC)


class EventStore:
    """Appends to and reads the event table of the database that a connection belongs to.

    `appended` is set after each append so that a relay in the same process wakes at once.
    """

    def __init__(
        self, catalog: Catalog, source: str, clock: Callable[[], datetime] = _utc_now
    ) -> None:
        self.catalog = catalog
        self.source = source
        self.clock = clock
        self.appended = asyncio.Event()

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
    ) -> int:
        """Append `events` and return the stream's new version.

        Must be the first write of its transaction (see `sql/0002_append_events.sql`), or go to a
        stream that `hold` took before the first write.
        Raises VersionConflictError when the stream is not at `expected_version`.
        """
        if not events:
            return expected_version
        try:
            version: int = await connection.fetchval(
                "SELECT append_events($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)",
                stream_id,
                expected_version,
                [new_id() for _ in events],
                [event.type_name() for event in events],
                [event.schema_version for event in events],
                [event.model_dump_json() for event in events],
                self.clock(),
                cause.authority,
                cause.actor.id,
                cause.actor.role,
                cause.actor.on_behalf_of,
                cause.correlation_id,
                cause.causation_id,
                cause.traceparent,
            )
        except asyncpg.PostgresError as error:
            if error.sqlstate == VERSION_CONFLICT:
                raise VersionConflictError(str(error)) from error
            raise
        self.appended.set()
        return version

    async def read(self, connection: Pool | Connection, stream_id: str) -> list[Recorded]:
        """Return the stream's events, oldest first; empty where there is no such stream."""
        rows = await connection.fetch(
            "SELECT *, data::text AS text FROM events WHERE stream_id = $1 ORDER BY stream_version",
            stream_id,
        )
        return [recorded(self.catalog, self.source, row) for row in rows]

    async def load(
        self, connection: Pool | Connection, aggregate: Aggregate[S], key: UUID | str
    ) -> Loaded[S]:
        """Fold an aggregate's stream into its state."""
        events = await self.read(connection, aggregate.stream(key))
        state = aggregate.initial
        for event in events:
            state = aggregate.evolve(state, event.data)
        return Loaded(state, len(events), tuple(events))


def recorded(catalog: Catalog, source: str, row: Any, publication: int = 0) -> Recorded:
    """Build the event of one row of the event table (which must carry `text`, its JSON)."""
    meta = metadata_of(source, row)
    data = catalog.read(meta.type, meta.schema_version, orjson.loads(row["text"]))
    return Recorded(data, meta, publication)


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
