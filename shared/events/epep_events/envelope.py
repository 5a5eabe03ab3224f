"""What is known about an event beside what it says: who, when, where, because of what."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from epep_events.base import Event, Value


class Actor(Value):
    """Who did it: an account's id and the role it acted in, or `system:<service>`."""

    id: str
    role: str
    on_behalf_of: str | None = None


class Metadata(Value):
    """The envelope of one recorded event.

    `stream_version` counts from 1 within the stream; `occurred_at` is UTC; `authority` is the
    three-digit DfE code, or None where an event belongs to no authority. `causation_id` is the
    event or request that led to this one, `correlation_id` the first click of the whole chain.
    """

    event_id: UUID
    type: str
    schema_version: int
    source: str
    stream_id: str
    stream_version: int
    occurred_at: datetime
    authority: str | None
    actor: Actor
    correlation_id: UUID
    causation_id: UUID | None = None
    traceparent: str | None = None


@dataclass(frozen=True, slots=True)
class Recorded:
    """An event as it stands in a log. `publication` is 0 until the relay has numbered it.

    `erased` are the subjects whose values in it read as erased.
    """

    data: Event
    meta: Metadata
    publication: int = 0
    erased: frozenset[str] = frozenset()
