"""Who works with an authority's children: the list that people are found and assigned from."""

from typing import Any

from epep_access.people import folded
from epep_runtime.postgres import Pool

MOST = 500

PEOPLE = """
SELECT a.account_id, a.name, a.email,
       jsonb_agg(jsonb_build_object(
           'authority', g.authority, 'role', g.role, 'setting_urn', nullif(g.setting_urn, ''))
           ORDER BY g.role, g.setting_urn) AS grants
  FROM known_people a
  JOIN known_roles g ON g.account_id = a.account_id AND g.held_from <= now()
       AND (g.held_to IS NULL OR g.held_to > now())
 WHERE g.authority = $1 AND a.active = $5
   AND NOT EXISTS (SELECT FROM unnest($3::text[]) AS word WHERE strpos(a.search, word) = 0)
 GROUP BY a.account_id
HAVING $2::text IS NULL OR bool_or(g.role = $2)
 ORDER BY a.search LIMIT $4
"""


async def people(
    pool: Pool, authority: str, role: str | None, words: str, *, active: bool = True
) -> list[dict[str, Any]]:
    """Return at most 500 people with a role in the authority, by name.

    Every word must be part of name or address. Of each person only the roles in this authority
    are given: what they do elsewhere is not this authority's business.
    """
    rows = await pool.fetch(PEOPLE, authority, role, folded(words).split(), MOST, active)
    return [
        {
            "id": row["account_id"],
            "name": row["name"],
            "email": row["email"],
            "grants": row["grants"],
        }
        for row in rows
    ]
