"""Who works with an authority's children: the list that people are found and assigned from."""

import unicodedata
from typing import Any

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

MOST = 500

PEOPLE = """
SELECT a.account_id, a.name, a.email,
       jsonb_agg(jsonb_build_object(
           'authority', g.authority, 'role', g.role, 'setting_urn', g.setting_urn)
           ORDER BY g.role, g.setting_urn) AS grants
  FROM accounts a JOIN account_grants g USING (account_id)
 WHERE g.authority = $1 AND a.active
   AND NOT EXISTS (SELECT FROM unnest($3::text[]) AS word WHERE strpos(a.search, word) = 0)
 GROUP BY a.account_id
HAVING $2::text IS NULL OR bool_or(g.role = $2)
 ORDER BY a.search LIMIT $4
"""


def folded(text: str) -> str:
    """Return text as it is compared: lower case, without accents."""
    parts = unicodedata.normalize("NFKD", text)
    return "".join(each for each in parts if not unicodedata.combining(each)).casefold()


async def people(pool: Pool, authority: str, role: str | None, words: str) -> list[dict[str, Any]]:
    """Return at most 500 people with a role in the authority, by name.

    Every word must be part of name or address. Of each person only the roles in this authority
    are given: what they do elsewhere is not this authority's business.
    """
    rows = await pool.fetch(PEOPLE, authority, role, folded(words).split(), MOST)
    return [
        {
            "id": row["account_id"],
            "name": row["name"],
            "email": row["email"],
            "grants": row["grants"],
        }
        for row in rows
    ]


async def _registered(connection: Connection, event: UserRegistered, _: Metadata) -> None:
    await connection.execute(
        "INSERT INTO accounts VALUES ($1, $2, $3, $4, true) ON CONFLICT DO NOTHING",
        event.account_id,
        event.name,
        event.email,
        folded(f"{event.name} {event.email}"),
    )


async def _granted(connection: Connection, event: RoleGranted, _: Metadata) -> None:
    await connection.execute(
        "INSERT INTO account_grants VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
        event.account_id,
        event.authority_code,
        event.role,
        event.setting_urn,
    )


async def _revoked(connection: Connection, event: RoleRevoked, _: Metadata) -> None:
    await connection.execute(
        "DELETE FROM account_grants WHERE account_id = $1 AND authority = $2 AND role = $3",
        event.account_id,
        event.authority_code,
        event.role,
    )


async def _deactivated(connection: Connection, event: UserDeactivated, _: Metadata) -> None:
    await connection.execute(
        "UPDATE accounts SET active = false WHERE account_id = $1", event.account_id
    )


async def _reactivated(connection: Connection, event: UserReactivated, _: Metadata) -> None:
    await connection.execute(
        "UPDATE accounts SET active = true WHERE account_id = $1", event.account_id
    )


ACCOUNTS = Projector(
    name="accounts",
    contexts=("identity",),
    tables=("accounts", "account_grants"),
    handles={
        UserRegistered: _registered,
        RoleGranted: _granted,
        RoleRevoked: _revoked,
        UserDeactivated: _deactivated,
        UserReactivated: _reactivated,
    },
)
