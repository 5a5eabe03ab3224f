"""Questions to the service's own log about the PEPs of a child, where a read model may be late."""

from dataclasses import dataclass
from uuid import UUID

from epep_events.envelope import Recorded
from epep_runtime.event_store import EventStore
from epep_runtime.postgres import Connection, Pool

OF_CHILD = """
SELECT (e.data ->> 'pep_id')::uuid AS pep_id, e.data ->> 'kind' AS kind,
       (SELECT max(v.stream_version) FROM events v WHERE v.stream_id = e.stream_id) AS version,
       s.stream_id IS NOT NULL AS signed_off,
       (s.data ->> 'next_pep_id')::uuid AS next_pep_id
  FROM events e
  LEFT JOIN events s ON s.stream_id = e.stream_id AND s.type = 'PEPSignedOff'
 WHERE e.begins_pep_of = $1
 ORDER BY e.position
"""


@dataclass(frozen=True, slots=True)
class KnownPEP:
    """A PEP of a child: the version of its stream, and the one that follows its sign-off."""

    pep_id: UUID
    kind: str
    version: int
    signed_off: bool
    next_pep_id: UUID | None


async def peps_of_child(database: Pool | Connection, child_id: UUID) -> list[KnownPEP]:
    """Return every PEP that the child ever had, oldest first."""
    rows = await database.fetch(OF_CHILD, child_id)
    return [KnownPEP(**dict(row)) for row in rows]


async def histories(
    database: Pool | Connection, store: EventStore, pep_ids: list[UUID]
) -> dict[UUID, list[Recorded]]:
    """Return the whole histories of these PEPs, by id, oldest event first."""
    found: dict[UUID, list[Recorded]] = {each: [] for each in pep_ids}
    if not pep_ids:
        return found
    rows = await database.fetch(
        "SELECT *, data::text AS text FROM events WHERE stream_id = ANY($1)"
        " ORDER BY stream_id, stream_version",
        [f"pep-{each}" for each in pep_ids],
    )
    for event in await store.recorded(rows):
        found[UUID(event.meta.stream_id.removeprefix("pep-"))].append(event)
    return found
