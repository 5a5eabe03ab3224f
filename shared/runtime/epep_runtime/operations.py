"""What an operator does to a service, kept in the service's own log: stream `operations`."""

import getpass
import os

from epep_events.base import Event
from epep_events.envelope import Actor
from epep_runtime.event_store import Cause, EventStore
from epep_runtime.ids import new_id
from epep_runtime.postgres import Connection

STREAM = "operations"


def operator_cause() -> Cause:
    """Return the cause of what the person at this terminal does: `operator:<user of the system>`.

    The user is who the operating system says it is; a container without names gives its number.
    """
    try:
        user = getpass.getuser()
    except (KeyError, OSError):
        user = str(os.getuid())
    return Cause(Actor(id=f"operator:{user}", role="operator"), None, new_id())


async def hold_operations(connection: Connection, store: EventStore) -> None:
    """Keep the stream for this transaction. Must come before its first write."""
    await store.hold(connection, [STREAM])


async def say(connection: Connection, store: EventStore, event: Event, cause: Cause) -> None:
    """Append a fact in the caller's transaction, which has called `hold_operations`."""
    version = await connection.fetchval(
        "SELECT coalesce(max(stream_version), 0) FROM events WHERE stream_id = $1", STREAM
    )
    await store.append(connection, STREAM, version, [event], cause)
