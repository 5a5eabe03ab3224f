"""The table of log-ins, and the stream that each of them has."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from epep_events.base import Event
from epep_runtime.event_store import Cause, EventStore
from epep_runtime.postgres import Connection
from identity_service.logins.login import Login


def stream(login_id: UUID) -> str:
    """Return the id of a log-in's stream; an account's own stream stays short and quick to fold."""
    return f"login-{login_id}"


async def say(
    store: EventStore,
    connection: Connection,
    login_id: UUID,
    events: Sequence[Event],
    cause: Cause,
) -> None:
    """Append to a log-in's stream, which the caller's transaction holds or has just named."""
    version = len(await store.read(connection, stream(login_id)))
    await store.append(connection, stream(login_id), version, events, cause)


async def find(connection: Connection, login_id: UUID) -> Login | None:
    """Return a log-in, ended or not."""
    row = await connection.fetchrow("SELECT * FROM logins WHERE login_id = $1", login_id)
    return Login(**row) if row else None


async def add(connection: Connection, login: Login) -> None:
    """Keep a new log-in."""
    await connection.execute(
        "INSERT INTO logins (login_id, account_id, address_key, code_mac, sent_at,"
        " code_expires_at, tries_left, resends_left, started_at, ended_at, declared, device_id)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
        login.login_id,
        login.account_id,
        login.address_key,
        login.code_mac,
        login.sent_at,
        login.code_expires_at,
        login.tries_left,
        login.resends_left,
        login.started_at,
        login.ended_at,
        [list(each) for each in login.declared],
        login.device_id,
    )


async def save(connection: Connection, login: Login) -> None:
    """Keep what a try or a new code changed."""
    await connection.execute(
        "UPDATE logins SET code_mac = $2, sent_at = $3, code_expires_at = $4, tries_left = $5,"
        " resends_left = $6, ended_at = coalesce(ended_at, $7), declared = $8, challenge = $9"
        " WHERE login_id = $1",
        login.login_id,
        login.code_mac,
        login.sent_at,
        login.code_expires_at,
        login.tries_left,
        login.resends_left,
        login.ended_at,
        [list(each) for each in login.declared],
        login.challenge,
    )


async def end_all(connection: Connection, account_id: UUID, now: datetime) -> None:
    """End every log-in of the account that waits for its code."""
    await connection.execute(
        "UPDATE logins SET ended_at = $2 WHERE account_id = $1 AND ended_at IS NULL",
        account_id,
        now,
    )
