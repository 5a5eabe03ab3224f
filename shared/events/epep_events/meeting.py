"""What meeting-service says: meetings, invitations, answers."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import JsonValue

from epep_events.base import Event, Personal, PersonalList, PersonalOfAdult, Value


class When(Value):
    """Time and place of a meeting; `starts_at` is UTC. `sequence` rises with every change."""

    starts_at: datetime
    duration_minutes: int
    place: Personal[str | None]
    sequence: int


class InvitedPerson(Value):
    """One invitee. `sealed_token` opens the answer page by link; only notification can read it."""

    invitation_id: UUID
    account_id: UUID | None
    email: PersonalOfAdult[str | None]
    name: PersonalOfAdult[str]
    role: str
    sealed_token: str


class MeetingScheduled(Event):
    """Said when a PEP that was initiated has a meeting."""

    meeting_id: UUID
    pep_id: UUID
    child_id: UUID
    child_initials: Personal[str]
    when: When
    reason: str
    reason_detail: Personal[str | None]
    contact_name: Personal[str | None]
    contact_phone: Personal[str | None]
    organiser_account_id: UUID | None


class InvitationIssued(Event):
    """Said for each person invited (B54, S50), and when they are sent it again; fat enough to
    write the mail from.

    `instead_of` is the notification that did not reach them, or may not have: None the first time.
    """

    schema_version = 2

    meeting_id: UUID
    pep_id: UUID
    child_id: UUID
    child_initials: Personal[str]
    person: InvitedPerson
    when: When
    reason: str
    contact_name: Personal[str | None]
    contact_phone: Personal[str | None]
    instead_of: UUID | None = None


class InvitationWithdrawn(Event):
    """Said when another invitation takes the place of one, whose link is dead from then on.

    It was sent to a wrong address; or (`accounts_merged`) its person was invited under two accounts
    that have become one.
    """

    schema_version = 2

    meeting_id: UUID
    pep_id: UUID
    child_id: UUID
    invitation_id: UUID
    name: PersonalOfAdult[str]
    instead_id: UUID
    accounts_merged: bool = False


class InvitationResponded(Event):
    """Said when an invitee answers, in the portal or by the link in the mail (B55).

    `proposed_at` (UTC) goes with `proposed` only.
    """

    meeting_id: UUID
    pep_id: UUID
    child_id: UUID
    invitation_id: UUID
    account_id: UUID | None = None
    name: PersonalOfAdult[str]
    answer: Literal["accepted", "declined", "proposed"]
    proposed_at: datetime | None = None
    comment: Personal[str | None] = None
    organiser_account_id: UUID | None
    child_initials: Personal[str]


class InvitationLinked(Event):
    """Said when somebody invited by e-mail has an account now: the invitation is among theirs."""

    meeting_id: UUID
    pep_id: UUID
    invitation_id: UUID
    account_id: UUID


class MeetingRescheduled(Event):
    """Said when the current meeting moves (B58, S76); everybody invited is told again."""

    meeting_id: UUID
    pep_id: UUID
    child_id: UUID
    child_initials: Personal[str]
    old: When
    new: When
    why: Personal[str | None]
    contact_name: Personal[str | None]
    contact_phone: Personal[str | None]
    invited: tuple[InvitedPerson, ...]


class MeetingCancelled(Event):
    """Said when the meeting will not take place; everybody invited is told."""

    meeting_id: UUID
    pep_id: UUID
    child_id: UUID
    child_initials: Personal[str]
    when: When
    why: Personal[str]
    invited: tuple[InvitedPerson, ...]


class MeetingOrganiserChanged(Event):
    """Said when the organiser's account was merged: the one that is kept organises the meeting."""

    meeting_id: UUID
    pep_id: UUID
    child_id: UUID
    old_account_id: UUID
    organiser_account_id: UUID


class RecordChange(Value):
    """One field of the meeting page: its label, old and new value."""

    field: str
    label: str
    old: Personal[JsonValue] = None
    new: Personal[JsonValue] = None


class MeetingRecordSaved(Event):
    """Said when the meeting page is saved: who was there, who recorded, what was said (B77-B82)."""

    meeting_id: UUID
    pep_id: UUID
    changes: tuple[RecordChange, ...]


class MeetingConfirmed(Event):
    """Said when somebody confirms that the meeting has taken place (B80, S79)."""

    meeting_id: UUID
    pep_id: UUID
    child_id: UUID
    held_at: datetime
    recorder: Personal[str]
    present: PersonalList[str]


class NextMeetingSet(Event):
    """Said when the people at the meeting agree when they meet next (B84, S74)."""

    meeting_id: UUID
    pep_id: UUID
    starts_at: datetime
    duration_minutes: int
    place: Personal[str | None]
    invitations_sent_by: Personal[str | None]


EVENTS: tuple[type[Event], ...] = (
    MeetingScheduled,
    InvitationIssued,
    InvitationWithdrawn,
    InvitationResponded,
    InvitationLinked,
    MeetingRescheduled,
    MeetingCancelled,
    MeetingOrganiserChanged,
    MeetingRecordSaved,
    MeetingConfirmed,
    NextMeetingSet,
)
