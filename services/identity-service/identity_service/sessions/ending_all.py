"""End a person's sessions, each with an event, so that every service stops taking their tokens."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal
from uuid import UUID

from epep_events.identity import SessionEnded
from epep_runtime.event_store import Cause, EventStore
from epep_runtime.postgres import Connection
from identity_service.accounts.account import ACCOUNT
from identity_service.sessions import records
from identity_service.sessions.session import Session


def stream(session_id: UUID) -> str:
    """Return the name of a session's stream."""
    return f"session-{session_id}"


async def hold_with_sessions(
    connection: Connection, store: EventStore, account_id: UUID, *others: str
) -> list[Session]:
    """Hold an account, what else is named, and its open sessions; return those.

    The account is held first: nobody can begin a session while it is.
    """
    await store.hold(connection, [ACCOUNT.stream(account_id), *others])
    found = await records.open_of(connection, account_id)
    await store.hold(connection, [stream(each.session_id) for each in found])
    return await records.open_of(connection, account_id)


async def end_these(
    connection: Connection,
    store: EventStore,
    sessions: Sequence[Session],
    cause: Cause,
    now: datetime,
    why: Literal["logged_out", "ended"] = "ended",
) -> int:
    """End sessions whose streams are held, and return how many there were."""
    for each in sessions:
        own = stream(each.session_id)
        version = len(await store.read(connection, own))
        event = SessionEnded(account_id=each.account_id, session_id=each.session_id, why=why)
        await store.append(connection, own, version, [event], cause)
        await records.end(connection, each.session_id, now)
    return len(sessions)
