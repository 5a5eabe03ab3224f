"""The authorities, each with the newest version of its profile."""

from typing import Any

from epep_runtime.postgres import Pool

NEWEST = """
SELECT DISTINCT ON (code) code, name, virtual_school AS virtual_school_name, version
  FROM known_profiles ORDER BY code, version DESC
"""


async def newest_profiles(pool: Pool) -> list[dict[str, Any]]:
    """Return `code, name, virtual_school_name, version` of each authority's newest profile."""
    return [dict(row) for row in await pool.fetch(NEWEST)]
