"""Every version of every authority's profile that was ever published."""

from typing import Any

from epep_events.envelope import Metadata
from epep_events.pep import AuthorityProfilePublished
from epep_runtime.postgres import Connection, Pool
from epep_runtime.subscriptions import Projector


async def _published(
    connection: Connection, event: AuthorityProfilePublished, meta: Metadata
) -> None:
    profile = event.profile
    await connection.execute(
        "INSERT INTO profiles (code, version, name, virtual_school_name, published_at)"
        " VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING",
        profile.code,
        profile.version,
        profile.name,
        profile.virtual_school_name,
        meta.occurred_at,
    )


PROFILES = Projector(
    name="profiles",
    contexts=("pep",),
    tables=("profiles",),
    handles={AuthorityProfilePublished: _published},
)

NEWEST = """
SELECT DISTINCT ON (code) code, name, virtual_school_name, version
  FROM profiles ORDER BY code, version DESC
"""


async def newest_profiles(pool: Pool) -> list[dict[str, Any]]:
    """Return `code, name, virtual_school_name, version` of each authority's newest profile."""
    return [dict(row) for row in await pool.fetch(NEWEST)]
