"""What a mail may say of a PEP: the child's initials and the kind of PEP."""

from dataclasses import dataclass
from uuid import UUID

from epep_events.base import ERASED
from epep_events.envelope import Metadata
from epep_events.pep import PEPInitiated
from epep_runtime.postgres import Connection
from epep_runtime.subscriptions import Projector


@dataclass(frozen=True, slots=True)
class KnownPep:
    """A PEP, named without naming the child."""

    pep_id: UUID
    child_id: UUID
    initials: str
    kind_label: str


async def _initiated(connection: Connection, event: PEPInitiated, _: Metadata) -> None:
    await connection.execute(
        "INSERT INTO peps VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
        event.pep_id,
        event.child_id,
        event.child_initials,
        event.kind_label,
    )


async def _forget(connection: Connection, subject: UUID) -> None:
    await connection.execute("UPDATE peps SET initials = $2 WHERE child_id = $1", subject, ERASED)


PEPS = Projector(
    name="peps",
    contexts=("pep", "identity"),
    tables=("peps",),
    handles={PEPInitiated: _initiated},
    forget=_forget,
)


async def known_pep(connection: Connection, pep_id: UUID) -> KnownPep | None:
    """Return the PEP, or None while it is not known here."""
    row = await connection.fetchrow("SELECT * FROM peps WHERE pep_id = $1", pep_id)
    return KnownPep(**dict(row)) if row else None
