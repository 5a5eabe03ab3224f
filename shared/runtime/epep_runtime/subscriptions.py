"""Two kinds of subscriber, never mixed: projectors build read models, reactors act.

A projector may be replayed at will and starts at the beginning of its topics. A reactor is never
replayed: it starts where its topics end when it is first started, and there is no way to reset it.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias, TypeVar
from uuid import UUID

import structlog

from epep_events.base import Event
from epep_events.envelope import Actor, Metadata
from epep_events.sealed_fields import ErasedSubjectError
from epep_runtime.event_store import Aggregate, Cause, EventStore, Loaded
from epep_runtime.postgres import Connection
from epep_runtime.settings import Settings
from epep_runtime.telemetry import current_traceparent

log = structlog.get_logger()
S = TypeVar("S")

Project: TypeAlias = Callable[[Connection, Any, Metadata], Awaitable[None]]
"""`async (connection, event, meta)`: changes a read model's tables, nothing else."""


class Reaction:
    """What a reactor may do with one event: append, in the transaction that moves its place.

    `settings` are those of the service whose reactor it is.
    """

    def __init__(
        self,
        connection: Connection,
        store: EventStore,
        meta: Metadata,
        settings: Settings | None = None,
    ) -> None:
        self.connection, self._store, self.meta = connection, store, meta
        self.settings = settings

    @property
    def now(self) -> Any:
        """Return the current instant, UTC."""
        return self._store.clock()

    def cause(self) -> Cause:
        """Return the cause of what is appended: this service, because of this event."""
        meta = self.meta
        actor = Actor(id=f"system:{self._store.source}", role="system", on_behalf_of=meta.actor.id)
        trace = current_traceparent() or meta.traceparent
        return Cause(actor, meta.authority, meta.correlation_id, meta.event_id, trace)

    async def load(self, aggregate: Aggregate[S], key: UUID | str) -> Loaded[S]:
        """Return an aggregate's newest state, for a decision that needs more than one."""
        return await self._store.load(self.connection, aggregate, key)

    async def append(
        self,
        aggregate: Aggregate[S],
        key: UUID | str,
        decide: Callable[[S], Sequence[Event]],
        cause: Cause | None = None,
    ) -> Loaded[S]:
        """Append what `decide` makes of the aggregate's newest state; nothing for no events.

        `cause` where it is another than this event's own, such as one within the authority of
        the stream, where an event of one authority is heard by others.

        Append to one stream in a reaction, before any other write (see the append function);
        for several use `append_many`.
        """
        loaded = await self._store.load(self.connection, aggregate, key)
        events = decide(loaded.state)
        await self._store.append(
            self.connection,
            aggregate.stream(key),
            loaded.version,
            events,
            cause or self.cause(),
            about=aggregate.child_after(loaded.state, events),
        )
        return loaded

    async def append_many(
        self,
        aggregate: Aggregate[S],
        decisions: Mapping[UUID, Callable[[S], Sequence[Event]]],
        causes: Mapping[UUID, Cause] | None = None,
    ) -> dict[UUID, Loaded[S]]:
        """Append to several streams what each one's `decide` makes of its newest state, in turn.

        Returns each stream as it was before, without those of people who have been erased: there
        is nothing to do there, and the others get theirs. Call it once in a reaction, before any
        other write: it takes all the streams' locks before the first append gives the transaction
        its id.
        """
        await self._store.hold(self.connection, [aggregate.stream(key) for key in decisions])
        before = {}
        for key, decide in decisions.items():
            cause = causes.get(key) if causes else None
            try:
                before[key] = await self.append(aggregate, key, decide, cause)
            except ErasedSubjectError:  # nothing of this append has reached the database
                log.info("erased record left alone", stream=aggregate.stream(key))
        return before


React: TypeAlias = Callable[[Reaction, Any, Metadata], Awaitable[None]]
"""`async (reaction, event, meta)`: decides and appends; called once for each event."""


Forget: TypeAlias = Callable[[Connection, UUID], Awaitable[None]]
"""`async (connection, subject)`: blanks or drops what the tables hold of an erased person."""
SAID_ERASED = ("pep", "identity")
"""Who says that a person was erased: the one of children, the other of adults."""


@dataclass(frozen=True, slots=True)
class Projector:
    """A read model: the contexts it follows, the tables it owns, what each event does to them.

    One that holds personal values says how to `forget` an erased person, child or adult, and
    follows the contexts that say so. It is called after `SubjectErased` and, because partitions
    come in any order, after any batch with erased values: a row made from such values, and then
    forgotten, must be as if it had been forgotten first and made then.

    After an event that it `tells`, every process hears that it has changed, and after an erasure
    where it tells any (`epep_runtime.news`).
    """

    name: str
    contexts: tuple[str, ...]
    tables: tuple[str, ...]
    handles: Mapping[type[Event], Project]
    forget: Forget | None = None
    tells: tuple[type[Event], ...] = ()

    def __post_init__(self) -> None:
        """Raise ValueError for a read model that would not hear whom to forget."""
        if self.forget and not set(SAID_ERASED) <= set(self.contexts):
            raise ValueError(f"{self.name} forgets people, so it must follow {SAID_ERASED}")


@dataclass(frozen=True, slots=True)
class Reactor:
    """What this context does when another says something. It owns no tables to empty."""

    name: str
    contexts: tuple[str, ...]
    handles: Mapping[type[Event], React]


Subscription: TypeAlias = Projector | Reactor
