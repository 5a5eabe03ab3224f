"""How each version of each authority's profile judges quality, followed from pep-service."""

from epep_events.envelope import Metadata
from epep_events.pep import AuthorityProfilePublished
from epep_events.profile import QualityAssurance
from epep_runtime.postgres import Connection
from epep_runtime.subscriptions import Projector


async def _published(connection: Connection, event: AuthorityProfilePublished, _: Metadata) -> None:
    profile = event.profile
    await connection.execute(
        "INSERT INTO profiles VALUES ($1, $2, $3, $4) ON CONFLICT (code, version)"
        " DO UPDATE SET name = excluded.name, qa = excluded.qa",
        profile.code,
        profile.version,
        profile.name,
        profile.qa.model_dump(mode="json"),
    )


PROFILES = Projector(
    name="profiles",
    contexts=("pep",),
    tables=("profiles",),
    handles={AuthorityProfilePublished: _published},
)


async def quality_assurance(
    connection: Connection, code: str | None, version: int
) -> QualityAssurance | None:
    """Return how that version of the profile judges quality; None while it is not known here."""
    document = await connection.fetchval(
        "SELECT qa FROM profiles WHERE code = $1 AND version = $2", code, version
    )
    return QualityAssurance.model_validate(document) if document else None
