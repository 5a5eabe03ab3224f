"""The queue: who asked which authority for which role, and what it answered."""

from typing import Any
from uuid import UUID

from epep_events.envelope import Metadata
from epep_events.getting_in import RegistrationAccepted, RegistrationRefused, RegistrationValidated
from epep_runtime.postgres import Connection, Pool
from epep_runtime.subscriptions import Projector

PAGE_SIZE = 25


async def _validated(connection: Connection, event: RegistrationValidated, meta: Metadata) -> None:
    await connection.execute(
        "INSERT INTO access_requests VALUES"
        " ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, 'waiting', NULL, NULL, NULL, $13)"
        " ON CONFLICT DO NOTHING",
        event.registration_id,
        event.account_id,
        event.authority_code,
        event.name,
        event.email,
        event.phone,
        event.role,
        event.setting_urn,
        event.team,
        event.job_title,
        event.invited,
        meta.occurred_at,
        meta.stream_version,
    )


async def _accepted(connection: Connection, event: RegistrationAccepted, meta: Metadata) -> None:
    await _decided(connection, event.registration_id, "accepted", None, meta)
    await connection.execute(
        "UPDATE access_requests SET role = $2, setting_urn = $3 WHERE registration_id = $1",
        event.registration_id,
        event.role,
        event.setting_urn,
    )


async def _refused(connection: Connection, event: RegistrationRefused, meta: Metadata) -> None:
    await _decided(connection, event.registration_id, "refused", event.why, meta)


async def _decided(
    connection: Connection, registration_id: UUID, state: str, why: str | None, meta: Metadata
) -> None:
    await connection.execute(
        "UPDATE access_requests SET state = $2, why = $3, decided_at = $4, decided_by = $5,"
        " version = $6 WHERE registration_id = $1",
        registration_id,
        state,
        why,
        meta.occurred_at,
        _account(meta.actor.id),
        meta.stream_version,
    )


def _account(actor: str) -> UUID | None:
    try:
        return UUID(actor)
    except ValueError:
        return None


ACCESS_REQUESTS = Projector(
    name="access_requests",
    contexts=("identity",),
    tables=("access_requests",),
    handles={
        RegistrationValidated: _validated,
        RegistrationAccepted: _accepted,
        RegistrationRefused: _refused,
    },
)


async def queue(pool: Pool, authority: str, state: str, page: int) -> tuple[int, list[Any]]:
    """Return how many there are in that state, and one page of them, oldest first."""
    total = await pool.fetchval(
        "SELECT count(*) FROM access_requests WHERE authority = $1 AND state = $2", authority, state
    )
    rows = await pool.fetch(
        "SELECT * FROM access_requests WHERE authority = $1 AND state = $2"
        " ORDER BY validated_at, registration_id LIMIT $3 OFFSET $4",
        authority,
        state,
        PAGE_SIZE,
        (page - 1) * PAGE_SIZE,
    )
    return total, rows


async def one(source: Connection | Pool, registration_id: UUID) -> Any:
    """Return one request's row, or None."""
    return await source.fetchrow(
        "SELECT * FROM access_requests WHERE registration_id = $1", registration_id
    )


async def of_account(source: Connection | Pool, account_id: UUID) -> list[Any]:
    """Return what one person asked for, newest first."""
    return await source.fetch(
        "SELECT * FROM access_requests WHERE account_id = $1 ORDER BY validated_at DESC", account_id
    )
