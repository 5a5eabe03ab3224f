"""Whom to write to: people with accounts, and those assigned to a child."""

from uuid import UUID

from epep_runtime.postgres import Connection
from notification_service.notifications.requesting import Recipient


async def person(connection: Connection, account_id: UUID) -> Recipient | None:
    """Return the person with that account, or None while it is not known here."""
    row = await connection.fetchrow(
        "SELECT name, email FROM known_people WHERE account_id = $1", account_id
    )
    return Recipient(row["name"], row["email"], account_id) if row else None


async def present_person(connection: Connection, account_id: UUID) -> Recipient | None:
    """Return the person of that account as they are now: of a merged one, the account kept."""
    row = await connection.fetchrow(
        "SELECT kept.account_id, kept.name, kept.email FROM known_people p"
        "  JOIN known_people kept ON kept.account_id = coalesce(p.merged_into, p.account_id)"
        " WHERE p.account_id = $1",
        account_id,
    )
    return Recipient(row["name"], row["email"], row["account_id"]) if row else None


async def assigned_people(
    connection: Connection, child_id: UUID, roles: tuple[str, ...] = ()
) -> list[Recipient]:
    """Return the people assigned to a child in any of these roles (all roles when empty).

    Accounts that were closed are left out; each person comes once, however many roles they have.
    """
    rows = await connection.fetch(
        "SELECT DISTINCT p.account_id, p.name, p.email FROM access_relations() a"
        "  JOIN known_people p USING (account_id)"
        " WHERE a.child_id = $1 AND a.since <= now() AND (a.until IS NULL OR a.until > now())"
        "   AND p.active AND (cardinality($2::text[]) = 0 OR a.role = ANY($2))"
        " ORDER BY p.account_id",
        child_id,
        list(roles),
    )
    return [Recipient(row["name"], row["email"], row["account_id"]) for row in rows]


MOST_TOLD = 50


async def people_in_role(
    connection: Connection, authority: str, roles: tuple[str, ...]
) -> list[Recipient]:
    """Return the people who hold one of these roles in an authority now, at most 50."""
    rows = await connection.fetch(
        "SELECT DISTINCT p.account_id, p.name, p.email FROM known_roles r"
        "  JOIN known_people p USING (account_id)"
        " WHERE r.authority = $1 AND r.role = ANY($2) AND p.active AND r.held_from <= now()"
        "   AND (r.held_to IS NULL OR r.held_to > now()) ORDER BY p.account_id LIMIT $3",
        authority,
        list(roles),
        MOST_TOLD,
    )
    return [Recipient(row["name"], row["email"], row["account_id"]) for row in rows]
