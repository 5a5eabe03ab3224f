"""Which roles a person has near a child."""

from uuid import UUID

from epep_runtime.postgres import Connection, Pool


async def roles_near(
    database: Pool | Connection, account_id: UUID, authority: str, child_id: UUID
) -> set[str]:
    """Return the roles that a person holds in an authority or is assigned in for a child.

    A school's designated teacher may be assigned to a child of another authority.
    """
    rows = await database.fetch(
        "SELECT role FROM known_roles WHERE account_id = $1 AND authority = $2"
        "    AND held_from <= now() AND (held_to IS NULL OR held_to > now())"
        " UNION SELECT role FROM access_relations() WHERE account_id = $1 AND child_id = $3"
        "    AND since <= now() AND (until IS NULL OR until > now())",
        account_id,
        authority,
        child_id,
    )
    return {row["role"] for row in rows}
