"""A counter: the smallest aggregate and read model, to try the machinery with."""

from dataclasses import dataclass
from uuid import UUID

from epep_events import operations
from epep_events.base import Event
from epep_events.catalog import Catalog
from epep_events.envelope import Actor, Metadata
from epep_events.pep import SettingRegistered, TargetSubmitted
from epep_runtime.event_store import Aggregate, Cause
from epep_runtime.ids import new_id
from epep_runtime.postgres import Connection
from epep_runtime.subscriptions import Project, Projector

COUNTING_SQL = """
CREATE TABLE counted (
    stream_id text, version integer, statement text, seen integer,
    at timestamptz NOT NULL DEFAULT clock_timestamp()  -- ctid does not keep the order of inserts
);
CREATE TABLE sums (stream_id text PRIMARY KEY, n integer NOT NULL, shelf text NOT NULL);
CREATE INDEX sums_by_n ON sums (n);
CREATE TABLE lines (stream_id text, version integer, shelf text NOT NULL);
"""


@dataclass(frozen=True)
class Count:
    """How many targets were submitted; for the machinery, the PEP is the child."""

    n: int = 0
    child: UUID | None = None


def evolve(state: Count, event: Event) -> Count:
    return Count(state.n + 1, event.pep_id) if isinstance(event, TargetSubmitted) else state


COUNTER = Aggregate("counter", Count(), evolve, about=lambda count: count.child)
CATALOG = Catalog([TargetSubmitted, SettingRegistered, *operations.EVENTS])


def submitted(key: UUID, statement: str = "read a book a week") -> TargetSubmitted:
    return TargetSubmitted(pep_id=key, target_id=key, section="s", statement=statement)


def cause() -> Cause:
    return Cause(Actor(id=str(new_id()), role="social_worker"), "330", new_id())


async def count_it(connection: Connection, event: TargetSubmitted, meta: Metadata) -> None:
    await connection.execute(
        "INSERT INTO counted VALUES ($1, $2, $3, 1)",
        meta.stream_id,
        meta.stream_version,
        event.statement,
    )


COUNTING = Projector("counting", ("pep",), ("counted",), {TargetSubmitted: count_it})


def summing(shelf: str = "a", before: Project | None = None) -> Projector:
    """A read model of two tables that belong together; all it writes is on that shelf."""

    async def add(connection: Connection, event: TargetSubmitted, meta: Metadata) -> None:
        if before:
            await before(connection, event, meta)
        await connection.execute(
            "INSERT INTO sums AS s VALUES ($1, 1, $2)"
            " ON CONFLICT (stream_id) DO UPDATE SET n = s.n + 1",
            meta.stream_id,
            shelf,
        )
        await connection.execute(
            "INSERT INTO lines VALUES ($1, $2, $3)", meta.stream_id, meta.stream_version, shelf
        )

    return Projector("summing", ("pep",), ("sums", "lines"), {TargetSubmitted: add})
