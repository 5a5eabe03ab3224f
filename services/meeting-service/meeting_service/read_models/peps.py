"""What this service knows of each PEP: whose, by which profile, still open or signed off."""

from dataclasses import dataclass
from uuid import UUID

from epep_events.envelope import Metadata
from epep_events.pep import PEPInitiated, PEPSignedOff
from epep_runtime.language import _
from epep_runtime.postgres import Connection, Pool
from epep_runtime.problems import NotFoundError, ProblemError
from epep_runtime.subscriptions import Projector
from meeting_service.read_models.profiles import MeetingProfile, profile


@dataclass(frozen=True, slots=True)
class KnownPEP:
    """A PEP as its meeting needs it.

    `organiser` is the meeting's: who initiated the PEP, or the account that theirs was merged into;
    None where no person did.
    """

    pep_id: UUID
    child_id: UUID
    authority: str
    organiser: UUID | None
    signed_off: bool
    profile: MeetingProfile


def organiser_of(meta: Metadata) -> UUID | None:
    """Return the account behind an event: the actor's, or on whose behalf it acted."""
    for who in (meta.actor.id, meta.actor.on_behalf_of):
        try:
            return UUID(who or "")
        except ValueError:
            continue
    return None


async def _initiated(connection: Connection, event: PEPInitiated, meta: Metadata) -> None:
    await connection.execute(
        "INSERT INTO peps (pep_id, child_id, authority, profile_code, profile_version, organiser)"
        " VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING",
        event.pep_id,
        event.child_id,
        meta.authority or event.profile_code,
        event.profile_code,
        event.profile_version,
        organiser_of(meta),
    )


async def _signed_off(connection: Connection, event: PEPSignedOff, _: Metadata) -> None:
    await connection.execute("UPDATE peps SET signed_off = true WHERE pep_id = $1", event.pep_id)


PEPS = Projector(
    name="peps",
    contexts=("pep",),
    tables=("peps",),
    handles={PEPInitiated: _initiated, PEPSignedOff: _signed_off},
)


KNOWN = """
SELECT p.child_id, p.authority, p.signed_off, p.profile_code, p.profile_version,
       coalesce(m.organiser, p.organiser) AS organiser
  FROM peps p LEFT JOIN meetings m USING (pep_id) WHERE p.pep_id = $1
"""


async def known_pep(database: Pool | Connection, pep_id: UUID) -> KnownPEP:
    """Return what is known of a PEP.

    Raises NotFoundError for an unknown one, ProblemError 503 while its profile is not known here.
    """
    row = await database.fetchrow(KNOWN, pep_id)
    if row is None:
        raise NotFoundError
    bound = await profile(database, row["profile_code"], row["profile_version"])
    if bound is None:
        raise ProblemError(
            503,
            "unavailable",
            _("The authority's profile has not arrived here yet. Try again in a minute."),
            headers={"Retry-After": "60"},
        )
    return KnownPEP(
        pep_id, row["child_id"], row["authority"], row["organiser"], row["signed_off"], bound
    )
