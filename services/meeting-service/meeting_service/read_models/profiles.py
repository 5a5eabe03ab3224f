"""What of each authority's profile matters to a meeting, by version."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from epep_runtime.postgres import Connection, Pool

GUEST = "guest"
GUEST_LABEL = "Invited by email"


@dataclass(frozen=True, slots=True)
class MeetingProfile:
    """An authority's way of holding meetings.

    `writers` may write the meeting page; `arrangers` may set up a PEP, and so arrange its meeting
    (B52, S42). `reasons` and `checklist` map values to labels, in the profile's order.
    """

    labels: Mapping[str, str]
    reasons: Mapping[str, str]
    checklist: Mapping[str, str]
    writers: frozenset[str]
    arrangers: frozenset[str]

    def role_label(self, role: str) -> str:
        """Return the authority's own word for a role (D30)."""
        return self.labels.get(role, GUEST_LABEL if role == GUEST else role.replace("_", " "))

    def reason_label(self, reason: str) -> str:
        """Return the label of a reason for a meeting, or the reason where it has none."""
        return self.reasons.get(reason, reason)


def _profile_of(row: Any) -> MeetingProfile:
    return MeetingProfile(
        row["labels"],
        dict(row["reasons"]),
        dict(row["checklist"]),
        frozenset(row["writers"]),
        frozenset(row["permissions"]["create_pep"]),
    )


async def profile(database: Pool | Connection, code: str, version: int) -> MeetingProfile | None:
    """Return that version of an authority's profile, or None while it is not known here."""
    row = await database.fetchrow(
        "SELECT labels, reasons, checklist, writers, permissions FROM known_profiles"
        " WHERE code = $1 AND version = $2",
        code,
        version,
    )
    return None if row is None else _profile_of(row)
