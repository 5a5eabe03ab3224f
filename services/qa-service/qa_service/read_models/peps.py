"""Each PEP's profile and how far it has come, followed from pep-service."""

from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from epep_events.base import ERASED
from epep_events.envelope import Metadata
from epep_events.pep import PEPInitiated, PEPReturned, PEPSignedOff, PEPSubmitted
from epep_events.profile import QualityAssurance
from epep_runtime.postgres import Connection
from epep_runtime.problems import NotFoundError
from epep_runtime.subscriptions import Projector
from qa_service.read_models.profiles import quality_assurance


async def _initiated(connection: Connection, event: PEPInitiated, _: Metadata) -> None:
    await connection.execute(
        "INSERT INTO peps (pep_id, child_id, initials, kind_label, profile_code, profile_version)"
        " VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING",
        event.pep_id,
        event.child_id,
        event.child_initials,
        event.kind_label,
        event.profile_code,
        event.profile_version,
    )


STATES = {PEPSubmitted: "submitted", PEPReturned: "returned", PEPSignedOff: "signed_off"}


async def _moved(
    connection: Connection, event: PEPSubmitted | PEPReturned | PEPSignedOff, _: Metadata
) -> None:
    await connection.execute(
        "UPDATE peps SET state = $2 WHERE pep_id = $1", event.pep_id, STATES[type(event)]
    )


async def _forget(connection: Connection, subject: UUID) -> None:
    await connection.execute("UPDATE peps SET initials = $2 WHERE child_id = $1", subject, ERASED)


PEPS = Projector(
    name="peps",
    contexts=("pep", "identity"),
    forget=_forget,
    tables=("peps",),
    handles={
        PEPInitiated: _initiated,
        PEPSubmitted: _moved,
        PEPReturned: _moved,
        PEPSignedOff: _moved,
    },
)


@dataclass(frozen=True, slots=True)
class PepUnderReview:
    """A PEP and how its profile judges quality."""

    pep_id: UUID
    child_id: UUID
    state: Literal["open", "submitted", "returned", "signed_off"]
    qa: QualityAssurance


async def pep_under_review(connection: Connection, pep_id: UUID) -> PepUnderReview:
    """Return the PEP with its scale. Raises NotFoundError while it is not known here."""
    row = await connection.fetchrow("SELECT * FROM peps WHERE pep_id = $1", pep_id)
    if row is None:
        raise NotFoundError
    qa = await quality_assurance(connection, row["profile_code"], row["profile_version"])
    if qa is None:
        raise NotFoundError
    return PepUnderReview(row["pep_id"], row["child_id"], row["state"], qa)
