"""At which hour somebody's one mail of the day is due, as the profiles of their authorities say."""

from collections.abc import Iterable, Mapping
from datetime import time
from uuid import UUID

from epep_runtime.postgres import Connection

NEWEST = "SELECT DISTINCT ON (code) code, digest_at FROM known_profiles ORDER BY code, version DESC"
IN_USE = f"SELECT DISTINCT coalesce(n.digest_at, $1) AS digest_at FROM ({NEWEST}) n"  # noqa: S608
THEIRS = f"""
SELECT a.account_id, min(coalesce(n.digest_at, $2)) AS digest_at
  FROM unnest($1::uuid[]) a (account_id)
  LEFT JOIN known_roles r ON r.account_id = a.account_id AND r.held_from <= now()
        AND (r.held_to IS NULL OR r.held_to > now())
  LEFT JOIN ({NEWEST}) n ON n.code = r.authority
 GROUP BY a.account_id
"""  # noqa: S608 - one fixed text in another


async def hours_in_use(connection: Connection, default: time) -> set[time]:
    """Return every hour at which somebody's mail of the day may be due (England's wall clock)."""
    rows = await connection.fetch(IN_USE, default)
    return {default, *(row["digest_at"] for row in rows)}


async def hours_of(
    connection: Connection, account_ids: Iterable[UUID], default: time
) -> Mapping[UUID, time]:
    """Return the hour of each person's mail of the day: one a person, whatever is in it.

    It is that of the authority in which they hold a role now; of several authorities the earliest,
    for the mail is one a day also for a teacher with children of five. `default` stands for every
    authority whose newest profile names no hour, and for who holds no role.
    """
    rows = await connection.fetch(THEIRS, list(account_ids), default)
    return {row["account_id"]: row["digest_at"] for row in rows}


async def hour_of(connection: Connection, account_id: UUID, default: time) -> time:
    """Return the hour of one person's mail of the day, as `hours_of` does."""
    return (await hours_of(connection, [account_id], default))[account_id]
