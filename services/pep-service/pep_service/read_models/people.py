"""Read model: people with accounts, and the roles they hold, as identity says them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from epep_events.envelope import Metadata
from epep_events.identity import (
    RoleGranted,
    RoleRevoked,
    UserDeactivated,
    UserReactivated,
    UserRegistered,
)
from epep_runtime.postgres import Connection, Pool
from epep_runtime.subscriptions import Projector


@dataclass(frozen=True, slots=True)
class Person:
    """A person with an account; `roles` are (authority code, role) pairs."""

    account_id: UUID
    name: str
    email: str
    active: bool = True
    roles: frozenset[tuple[str, str]] = frozenset()

    def holds(self, role: str, authority: str | None = None) -> bool:
        """Tell whether the person holds the role, in that authority or (None) in any."""
        return any(
            held == role and authority in {None, where} for where, held in self.roles
        )  # fmt: skip


async def _registered(connection: Connection, event: UserRegistered, _: Metadata) -> None:
    await connection.execute(
        "INSERT INTO people (account_id, name, email) VALUES ($1, $2, $3)"
        " ON CONFLICT (account_id) DO UPDATE SET name = excluded.name, email = excluded.email",
        event.account_id,
        event.name,
        event.email.lower(),
    )


async def _granted(connection: Connection, event: RoleGranted, _: Metadata) -> None:
    await connection.execute(
        "INSERT INTO people_roles VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
        event.account_id,
        event.authority_code,
        event.role,
        event.setting_urn or "",
    )


async def _revoked(connection: Connection, event: RoleRevoked, _: Metadata) -> None:
    await connection.execute(
        "DELETE FROM people_roles WHERE account_id = $1 AND authority = $2 AND role = $3",
        event.account_id,
        event.authority_code,
        event.role,
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
    tables=("people", "people_roles"),
    handles={
        UserRegistered: _registered,
        RoleGranted: _granted,
        RoleRevoked: _revoked,
        UserDeactivated: _deactivated,
        UserReactivated: _reactivated,
    },
)

SELECT = """
SELECT p.account_id, p.name, p.email, p.active,
       coalesce(array_agg(r.authority) FILTER (WHERE r.role IS NOT NULL), '{}') AS authorities,
       coalesce(array_agg(r.role) FILTER (WHERE r.role IS NOT NULL), '{}') AS roles
  FROM people p LEFT JOIN people_roles r USING (account_id)
"""


async def people_of(
    database: Pool | Connection, account_ids: Iterable[UUID]
) -> Mapping[UUID, Person]:
    """Return the people with these accounts, by account id; unknown ids are left out."""
    wanted = list(set(account_ids))
    rows = await database.fetch(
        f"{SELECT} WHERE p.account_id = ANY($1) GROUP BY p.account_id", wanted
    )
    return {row["account_id"]: _person(row) for row in rows}


async def names_of(database: Pool | Connection, account_ids: Iterable[UUID]) -> Mapping[UUID, str]:
    """Return the names of the people with these accounts; unknown ids are left out."""
    rows = await database.fetch(
        "SELECT account_id, name FROM people WHERE account_id = ANY($1)", list(set(account_ids))
    )
    return {row["account_id"]: row["name"] for row in rows}


async def person_of(database: Pool | Connection, account_id: UUID) -> Person | None:
    """Return one person, or None where there is no such account (or not yet)."""
    return (await people_of(database, [account_id])).get(account_id)


async def people_by_email(
    database: Pool | Connection, emails: Iterable[str]
) -> Mapping[str, Person]:
    """Return active people by their address in lower case; unknown addresses are left out."""
    wanted = list({email.lower() for email in emails})
    rows = await database.fetch(
        f"{SELECT} WHERE p.email = ANY($1) AND p.active GROUP BY p.account_id", wanted
    )
    return {row["email"]: _person(row) for row in rows}


def _person(row: Any) -> Person:
    pairs = zip(row["authorities"], row["roles"], strict=True)
    return Person(
        row["account_id"], row["name"], row["email"], row["active"], frozenset(pairs)
    )  # fmt: skip
