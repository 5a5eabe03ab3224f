"""Read model: people with accounts and the roles they hold, the same in every service."""

import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from epep_access.days import end_of, start_of
from epep_events.base import ERASED
from epep_events.envelope import Metadata
from epep_events.getting_in import EmailChanged, UserDetailsChanged
from epep_events.identity import (
    AccountsMerged,
    RoleGranted,
    RoleRevoked,
    UserDeactivated,
    UserReactivated,
    UserRegistered,
)
from epep_runtime.postgres import Connection, Pool
from epep_runtime.subscriptions import Projector

PEOPLE_SQL = ("people", Path(__file__).parent / "people_sql")
"""For `Service(sql=…)`: the tables of this read model."""


@dataclass(frozen=True, slots=True)
class Person:
    """A person with an account; `roles` are the (authority code, role) pairs held now."""

    account_id: UUID
    name: str
    email: str
    active: bool = True
    roles: frozenset[tuple[str, str]] = frozenset()

    def holds(self, role: str, authority: str | None = None) -> bool:
        """Tell whether the person holds the role, in that authority or (None) in any."""
        return any(held == role and authority in {None, where} for where, held in self.roles)


def folded(text: str) -> str:
    """Return text as it is searched: lower case, without accents."""
    parts = unicodedata.normalize("NFKD", text)
    return "".join(each for each in parts if not unicodedata.combining(each)).casefold()


async def _registered(connection: Connection, event: UserRegistered, _: Metadata) -> None:
    await connection.execute(
        "INSERT INTO known_people (account_id, name, email, search) VALUES ($1, $2, $3, $4)"
        " ON CONFLICT (account_id) DO UPDATE SET name = excluded.name, email = excluded.email,"
        " search = excluded.search",
        event.account_id,
        event.name,
        event.email.lower(),
        folded(f"{event.name} {event.email}"),
    )


async def _details_changed(connection: Connection, event: UserDetailsChanged, _: Metadata) -> None:
    await connection.execute(
        "UPDATE known_people SET name = $2 WHERE account_id = $1", event.account_id, event.name
    )
    await _searchable(connection, event.account_id)


async def _email_changed(connection: Connection, event: EmailChanged, _: Metadata) -> None:
    await connection.execute(
        "UPDATE known_people SET email = $2 WHERE account_id = $1",
        event.account_id,
        event.email.lower(),
    )
    await _searchable(connection, event.account_id)


async def _searchable(connection: Connection, account_id: UUID) -> None:
    row = await connection.fetchrow(
        "SELECT name, email FROM known_people WHERE account_id = $1", account_id
    )
    if row is not None:
        await connection.execute(
            "UPDATE known_people SET search = $2 WHERE account_id = $1",
            account_id,
            folded(f"{row['name']} {row['email']}"),
        )


async def _granted(connection: Connection, event: RoleGranted, meta: Metadata) -> None:
    await connection.execute(
        "INSERT INTO known_roles VALUES ($1, $2, $3, $4, $5, $6)"
        " ON CONFLICT (account_id, authority, role, setting_urn)"
        " DO UPDATE SET held_from = excluded.held_from, held_to = excluded.held_to",
        event.account_id,
        event.authority_code,
        event.role,
        event.setting_urn or "",
        start_of(event.held_from, meta.occurred_at),
        end_of(event.held_to),
    )


async def _revoked(connection: Connection, event: RoleRevoked, meta: Metadata) -> None:
    await connection.execute(
        "UPDATE known_roles SET held_to = least(held_to, $4)"
        " WHERE account_id = $1 AND authority = $2 AND role = $3",
        event.account_id,
        event.authority_code,
        event.role,
        meta.occurred_at,
    )


async def _deactivated(connection: Connection, event: UserDeactivated, _: Metadata) -> None:
    await connection.execute(
        "UPDATE known_people SET active = false WHERE account_id = $1", event.account_id
    )


async def _reactivated(connection: Connection, event: UserReactivated, _: Metadata) -> None:
    await connection.execute(
        "UPDATE known_people SET active = true WHERE account_id = $1", event.account_id
    )


MERGING = "SELECT pg_advisory_xact_lock(hashtextextended('merged accounts', 0))"


async def _merged(connection: Connection, event: AccountsMerged, _: Metadata) -> None:
    """Note which account the person kept; merges of merged accounts come in any order.

    And, over two partitions, at the same time: each waits for the other, which it would not see.
    """
    await connection.execute(MERGING)
    kept = await connection.fetchval(
        "SELECT coalesce((SELECT merged_into FROM known_people WHERE account_id = $1), $1)",
        event.into_account_id,
    )
    await connection.execute(
        "UPDATE known_people SET merged_into = $2 WHERE account_id = $1 OR merged_into = $1",
        event.account_id,
        kept,
    )


async def _forget(connection: Connection, subject: UUID) -> None:
    await connection.execute(
        "UPDATE known_people SET name = $2, email = $2, search = $2, active = false"
        " WHERE account_id = $1",
        subject,
        ERASED,
    )


PEOPLE = Projector(
    name="people",
    tells=(RoleGranted, RoleRevoked, UserDeactivated, UserReactivated, AccountsMerged),
    contexts=("identity", "pep"),
    forget=_forget,
    tables=("known_people", "known_roles"),
    handles={
        UserRegistered: _registered,
        UserDetailsChanged: _details_changed,
        EmailChanged: _email_changed,
        RoleGranted: _granted,
        RoleRevoked: _revoked,
        UserDeactivated: _deactivated,
        UserReactivated: _reactivated,
        AccountsMerged: _merged,
    },
)

SELECT = """
SELECT p.account_id, p.name, p.email, p.active,
       coalesce(array_agg(r.authority) FILTER (WHERE r.role IS NOT NULL), '{}') AS authorities,
       coalesce(array_agg(r.role) FILTER (WHERE r.role IS NOT NULL), '{}') AS roles
  FROM known_people p
  LEFT JOIN known_roles r ON r.account_id = p.account_id AND r.held_from <= now()
        AND (r.held_to IS NULL OR r.held_to > now())
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
        "SELECT account_id, name FROM known_people WHERE account_id = ANY($1)",
        list(set(account_ids)),
    )
    return {row["account_id"]: row["name"] for row in rows}


async def kept_accounts(
    database: Pool | Connection, account_ids: Iterable[UUID]
) -> dict[UUID, UUID]:
    """Return the accounts into which these were merged, by account; the others are left out."""
    rows = await database.fetch(
        "SELECT account_id, merged_into FROM known_people"
        " WHERE account_id = ANY($1::uuid[]) AND merged_into IS NOT NULL",
        list(set(account_ids)),
    )
    return {row["account_id"]: row["merged_into"] for row in rows}


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
    return Person(row["account_id"], row["name"], row["email"], row["active"], frozenset(pairs))
