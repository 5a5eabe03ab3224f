"""How each version of each authority's profile judges quality."""

from epep_events.profile import QualityAssurance
from epep_runtime.postgres import Connection


async def quality_assurance(
    connection: Connection, code: str | None, version: int
) -> QualityAssurance | None:
    """Return how that version of the profile judges quality; None while it is not known here."""
    document = await connection.fetchval(
        "SELECT qa FROM known_profiles WHERE code = $1 AND version = $2", code, version
    )
    return QualityAssurance.model_validate(document) if document else None
