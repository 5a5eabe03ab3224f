"""The table of sessions."""

from datetime import datetime
from uuid import UUID

from epep_runtime.postgres import Connection, Pool
from identity_service.sessions.session import Session


async def add(connection: Connection, session: Session) -> None:
    """Keep a new session."""
    await connection.execute(
        "INSERT INTO sessions (session_id, account_id, secret_hash, started_at, last_seen_at,"
        " expires_at, ended_at, login_id, device_id, device, network, reauthenticated_at)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
        session.session_id,
        session.account_id,
        session.secret_hash,
        session.started_at,
        session.last_seen_at,
        session.expires_at,
        session.ended_at,
        session.login_id,
        session.device_id,
        session.device,
        session.network,
        session.reauthenticated_at,
    )


async def find(source: Connection | Pool, session_id: UUID) -> Session | None:
    """Return a session, ended or not."""
    row = await source.fetchrow("SELECT * FROM sessions WHERE session_id = $1", session_id)
    return Session(**row) if row else None


async def note_seen(source: Connection | Pool, session: Session) -> None:
    """Keep when the session was last seen."""
    await source.execute(
        "UPDATE sessions SET last_seen_at = greatest(last_seen_at, $2) WHERE session_id = $1",
        session.session_id,
        session.last_seen_at,
    )


async def end(connection: Connection, session_id: UUID, now: datetime) -> None:
    """End one session."""
    await connection.execute(
        "UPDATE sessions SET ended_at = $2 WHERE session_id = $1 AND ended_at IS NULL",
        session_id,
        now,
    )


async def open_of(connection: Connection | Pool, account_id: UUID) -> list[Session]:
    """Return the sessions of an account that nobody has ended, the newest first.

    Some of them may be idle or too old by now: `is_alive` tells.
    """
    rows = await connection.fetch(
        "SELECT * FROM sessions WHERE account_id = $1 AND ended_at IS NULL"
        " ORDER BY started_at DESC, session_id",
        account_id,
    )
    return [Session(**row) for row in rows]


async def note_reauthenticated(source: Connection | Pool, session_id: UUID, now: datetime) -> None:
    """Keep when the person last proved themselves in this session."""
    await source.execute(
        "UPDATE sessions SET reauthenticated_at = $2 WHERE session_id = $1", session_id, now
    )
