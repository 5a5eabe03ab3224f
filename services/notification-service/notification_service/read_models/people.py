"""People with accounts, followed from identity-service."""

from uuid import UUID

from epep_events.envelope import Metadata
from epep_events.identity import UserDeactivated, UserReactivated, UserRegistered
from epep_runtime.postgres import Connection
from epep_runtime.subscriptions import Projector
from notification_service.notifications.requesting import Recipient


async def _registered(connection: Connection, event: UserRegistered, _: Metadata) -> None:
    await connection.execute(
        "INSERT INTO people (account_id, name, email) VALUES ($1, $2, $3)"
        " ON CONFLICT (account_id) DO UPDATE SET name = excluded.name, email = excluded.email",
        event.account_id,
        event.name,
        event.email,
    )


async def _deactivated(connection: Connection, event: UserDeactivated, _: Metadata) -> None:
    await connection.execute(
        "UPDATE people SET active = false WHERE account_id = $1", event.account_id
    )


async def _reactivated(connection: Connection, event: UserReactivated, _: Metadata) -> None:
    await connection.execute(
        "UPDATE people SET active = true WHERE account_id = $1", event.account_id
    )


PEOPLE = Projector(
    name="people",
    contexts=("identity",),
    tables=("people",),
    handles={
        UserRegistered: _registered,
        UserDeactivated: _deactivated,
        UserReactivated: _reactivated,
    },
)


async def person(connection: Connection, account_id: UUID) -> Recipient | None:
    """Return the person with that account, or None while it is not known here."""
    row = await connection.fetchrow("SELECT * FROM people WHERE account_id = $1", account_id)
    return Recipient(row["name"], row["email"], account_id) if row else None


async def assigned_people(
    connection: Connection, child_id: UUID, roles: tuple[str, ...] = ()
) -> list[Recipient]:
    """Return the people assigned to a child in any of these roles (all roles when empty).

    Accounts that were closed are left out; each person comes once, however many roles they have.
    """
    rows = await connection.fetch(
        "SELECT DISTINCT p.account_id, p.name, p.email FROM access_people a"
        "  JOIN people p USING (account_id)"
        " WHERE a.child_id = $1 AND p.active AND (cardinality($2::text[]) = 0 OR a.role = ANY($2))"
        " ORDER BY p.account_id",
        child_id,
        list(roles),
    )
    return [Recipient(row["name"], row["email"], row["account_id"]) for row in rows]
