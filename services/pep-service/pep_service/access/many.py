"""One change of many children: each child in a transaction of its own, tried again on a conflict.

Done again after a crash in the middle, it goes on where it was, for what is done changes nothing.
"""

from collections.abc import Callable, Iterable, Sequence
from uuid import UUID

from epep_events.base import Event
from epep_runtime.event_store import Cause, VersionConflictError
from epep_runtime.service import Running
from pep_service.children.child import CHILD, Child

TRIES = 5
Decide = Callable[[Child], Sequence[Event]]


async def change_children(
    running: Running, wanted: Iterable[tuple[UUID, Decide]], cause: Cause
) -> int:
    """Append what each decision makes of its child; return how many children changed."""
    changed = set()
    for child_id, decide in wanted:
        if await _change(running, child_id, decide, cause):
            changed.add(child_id)
    return len(changed)


async def _change(running: Running, child_id: UUID, decide: Decide, cause: Cause) -> bool:
    for attempt in range(TRIES):
        try:
            async with running.pool.acquire() as connection, connection.transaction():
                loaded = await running.store.load(connection, CHILD, child_id)
                events = decide(loaded.state)
                stream = CHILD.stream(child_id)
                await running.store.append(connection, stream, loaded.version, events, cause)
                return bool(events)
        except VersionConflictError:
            if attempt == TRIES - 1:
                raise
    raise AssertionError("unreachable")
