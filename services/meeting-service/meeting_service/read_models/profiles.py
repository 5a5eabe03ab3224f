"""What of each authority's profile matters to a meeting, by version."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from epep_events.envelope import Metadata
from epep_events.pep import AuthorityProfilePublished
from epep_events.profile import Choice, Section
from epep_runtime.postgres import Connection, Pool
from epep_runtime.subscriptions import Projector

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


async def _published(connection: Connection, event: AuthorityProfilePublished, _: Metadata) -> None:
    profile = event.profile
    await connection.execute(
        "INSERT INTO profiles (code, version, labels, reasons, checklist, writers, arrangers)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING",
        profile.code,
        profile.version,
        profile.labels,
        _pairs(profile.meeting_reasons),
        _pairs(profile.meeting_checklist),
        _writers(profile.sections),
        sorted(profile.permissions.create_pep),
    )


def _pairs(choices: Iterable[Choice]) -> list[list[str]]:
    return [[choice.value, choice.label] for choice in choices]


def _writers(sections: Iterable[Section]) -> list[str]:
    pages = (page for section in sections for page in section.pages if page.kind == "meeting")
    return sorted({role for page in pages for role in page.write})


PROFILES = Projector(
    name="profiles",
    contexts=("pep",),
    tables=("profiles",),
    handles={AuthorityProfilePublished: _published},
)


def _profile_of(row: Any) -> MeetingProfile:
    return MeetingProfile(
        row["labels"],
        dict(row["reasons"]),
        dict(row["checklist"]),
        frozenset(row["writers"]),
        frozenset(row["arrangers"]),
    )


async def profile(database: Pool | Connection, code: str, version: int) -> MeetingProfile | None:
    """Return that version of an authority's profile, or None while it is not known here."""
    row = await database.fetchrow(
        "SELECT * FROM profiles WHERE code = $1 AND version = $2", code, version
    )
    return None if row is None else _profile_of(row)
