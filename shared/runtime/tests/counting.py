"""A counter: the smallest aggregate and read model, to try the machinery with."""

from dataclasses import dataclass
from uuid import UUID

from epep_events.base import Event
from epep_events.catalog import Catalog
from epep_events.envelope import Actor, Metadata
from epep_events.pep import SettingRegistered, TargetSubmitted
from epep_runtime.event_store import Aggregate, Cause
from epep_runtime.ids import new_id
from epep_runtime.postgres import Connection
from epep_runtime.subscriptions import Projector

COUNTING_SQL = """
CREATE TABLE counted (
    stream_id text, version integer, statement text, seen integer,
    at timestamptz NOT NULL DEFAULT clock_timestamp()  -- ctid does not keep the order of inserts
);
"""


@dataclass(frozen=True)
class Count:
    """How many targets were submitted."""

    n: int = 0


def evolve(state: Count, event: Event) -> Count:
    return Count(state.n + 1) if isinstance(event, TargetSubmitted) else state


COUNTER = Aggregate("counter", Count(), evolve)
CATALOG = Catalog([TargetSubmitted, SettingRegistered])


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
