"""The people with accounts: names, addresses, roles by authority."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from epep_events.envelope import Metadata
from epep_events.identity import RoleGranted, RoleRevoked, UserRegistered
from epep_runtime.postgres import Connection, Pool
from epep_runtime.subscriptions import Projector


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with an account."""

    account_id: UUID
    name: str
    email: str


async def _registered(connection: Connection, event: UserRegistered, _: Metadata) -> None:
    await connection.execute(
        "INSERT INTO people (account_id, name, email) VALUES ($1, $2, $3)"
        " ON CONFLICT (account_id) DO UPDATE SET name = excluded.name, email = excluded.email",
        event.account_id,
        event.name,
        event.email,
    )


async def _granted(connection: Connection, event: RoleGranted, _: Metadata) -> None:
    await connection.execute(
        "INSERT INTO people_roles VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
        event.account_id,
        event.authority_code,
        event.role,
    )


async def _revoked(connection: Connection, event: RoleRevoked, _: Metadata) -> None:
    await connection.execute(
        "DELETE FROM people_roles WHERE account_id = $1 AND authority = $2 AND role = $3",
        event.account_id,
        event.authority_code,
        event.role,
    )


PEOPLE = Projector(
    name="people",
    contexts=("identity",),
    tables=("people", "people_roles"),
    handles={UserRegistered: _registered, RoleGranted: _granted, RoleRevoked: _revoked},
)


async def people(database: Pool | Connection, account_ids: Iterable[UUID]) -> dict[UUID, Person]:
    """Return those of these people that are known here, by account."""
    rows = await database.fetch(
        "SELECT account_id, name, email FROM people WHERE account_id = ANY($1::uuid[])",
        list(account_ids),
    )
    return {row["account_id"]: Person(*row) for row in rows}


async def roles_near(
    database: Pool | Connection, account_id: UUID, authority: str, child_id: UUID
) -> set[str]:
    """Return the roles that a person holds in an authority or is assigned in for a child.

    A school's designated teacher may be assigned to a child of another authority.
    """
    rows = await database.fetch(
        "SELECT role FROM people_roles WHERE account_id = $1 AND authority = $2"
        " UNION SELECT role FROM access_people WHERE account_id = $1 AND child_id = $3",
        account_id,
        authority,
        child_id,
    )
    return {row["role"] for row in rows}
