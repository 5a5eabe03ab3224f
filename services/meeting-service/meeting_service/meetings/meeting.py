"""A PEP's meeting as its stream tells it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from epep_events.base import Event
from epep_events.meeting import (
    InvitationIssued,
    InvitationLinked,
    InvitationResponded,
    InvitationWithdrawn,
    InvitedPerson,
    MeetingCancelled,
    MeetingConfirmed,
    MeetingOrganiserChanged,
    MeetingRecordSaved,
    MeetingRescheduled,
    MeetingScheduled,
    NextMeetingSet,
    When,
)
from epep_runtime.event_store import Aggregate
from epep_runtime.ids import derived_id
from epep_runtime.problems import NotFoundError
from meeting_service.meetings.record import MeetingRecord, with_changes

State = Literal["scheduled", "confirmed", "cancelled"]
Reply = Literal["accepted", "declined", "proposed"]


@dataclass(frozen=True, slots=True)
class Invitation:
    """One invitee and the newest answer; a new time for the meeting empties the answer.

    `instead_of` is the newest mail that was sent again because it may not have arrived.
    """

    person: InvitedPerson
    instead_of: UUID | None = None
    answer: Reply | None = None
    proposed_at: datetime | None = None
    comment: str | None = None


@dataclass(frozen=True, slots=True)
class NextMeeting:
    """When and where the people agreed to meet next (B84, S74)."""

    starts_at: datetime
    duration_minutes: int
    place: str | None
    invitations_sent_by: str | None


@dataclass(frozen=True, slots=True)
class Meeting:
    """The meeting now. `…_in` are the stream versions in which that part last changed."""

    meeting_id: UUID
    pep_id: UUID
    child_id: UUID
    child_initials: str
    when: When
    reason: str
    reason_detail: str | None
    contact_name: str | None
    contact_phone: str | None
    organiser: UUID | None
    state: State = "scheduled"
    invitations: tuple[Invitation, ...] = ()
    record: MeetingRecord = field(default_factory=MeetingRecord)
    next: NextMeeting | None = None
    version: int = 1
    arranged_in: int = 1
    recorded_in: int = 0
    next_in: int = 0

    def invitation(self, invitation_id: UUID) -> Invitation | None:
        """Return that invitation, or None."""
        found = (i for i in self.invitations if i.person.invitation_id == invitation_id)
        return next(found, None)


def meeting_id_of(pep_id: UUID) -> UUID:
    """Return the id of a PEP's one meeting."""
    return derived_id("meeting", pep_id)


def existing(meeting: Meeting | None) -> Meeting:
    """Return the meeting. Raises NotFoundError where the PEP has none."""
    if meeting is None:
        raise NotFoundError
    return meeting


def _scheduled(event: MeetingScheduled) -> Meeting:
    return Meeting(
        meeting_id=event.meeting_id,
        pep_id=event.pep_id,
        child_id=event.child_id,
        child_initials=event.child_initials,
        when=event.when,
        reason=event.reason,
        reason_detail=event.reason_detail,
        contact_name=event.contact_name,
        contact_phone=event.contact_phone,
        organiser=event.organiser_account_id,
    )


def _issued(meeting: Meeting, event: InvitationIssued) -> Meeting:
    """Invite somebody more, or somebody again: that leaves what they answered."""
    known = meeting.invitation(event.person.invitation_id)
    if known is None:
        new = Invitation(event.person, event.instead_of)
        return replace(meeting, invitations=(*meeting.invitations, new))
    again = replace(known, person=event.person, instead_of=event.instead_of)
    return replace(
        meeting,
        invitations=tuple(again if each is known else each for each in meeting.invitations),
    )


def _withdrawn(meeting: Meeting, event: InvitationWithdrawn) -> Meeting:
    kept = (i for i in meeting.invitations if i.person.invitation_id != event.invitation_id)
    return replace(meeting, invitations=tuple(kept))


def _responded(meeting: Meeting, event: InvitationResponded) -> Meeting:
    answered = tuple(
        replace(each, answer=event.answer, proposed_at=event.proposed_at, comment=event.comment)
        if each.person.invitation_id == event.invitation_id
        else each
        for each in meeting.invitations
    )
    return replace(meeting, invitations=answered)


def _linked(meeting: Meeting, event: InvitationLinked) -> Meeting:
    linked = tuple(
        replace(each, person=each.person.model_copy(update={"account_id": event.account_id}))
        if each.person.invitation_id == event.invitation_id
        else each
        for each in meeting.invitations
    )
    return replace(meeting, invitations=linked)


def _rescheduled(meeting: Meeting, event: MeetingRescheduled) -> Meeting:
    return replace(
        meeting,
        state="scheduled",
        when=event.new,
        invitations=tuple(Invitation(i.person, i.instead_of) for i in meeting.invitations),
        arranged_in=meeting.version,
    )


def _cancelled(meeting: Meeting, event: MeetingCancelled) -> Meeting:
    return replace(meeting, state="cancelled", when=event.when, arranged_in=meeting.version)


def _organiser_changed(meeting: Meeting, event: MeetingOrganiserChanged) -> Meeting:
    return replace(meeting, organiser=event.organiser_account_id)


def _saved(meeting: Meeting, event: MeetingRecordSaved) -> Meeting:
    record = with_changes(meeting.record, event.changes)
    return replace(meeting, record=record, recorded_in=meeting.version)


def _confirmed(meeting: Meeting, _: MeetingConfirmed) -> Meeting:
    return replace(meeting, state="confirmed", arranged_in=meeting.version)


def _next_set(meeting: Meeting, event: NextMeetingSet) -> Meeting:
    agreed = NextMeeting(
        event.starts_at, event.duration_minutes, event.place, event.invitations_sent_by
    )
    return replace(meeting, next=agreed, next_in=meeting.version)


STEPS: Mapping[type[Event], Callable[[Meeting, Any], Meeting]] = {
    InvitationIssued: _issued,
    InvitationWithdrawn: _withdrawn,
    InvitationResponded: _responded,
    InvitationLinked: _linked,
    MeetingRescheduled: _rescheduled,
    MeetingCancelled: _cancelled,
    MeetingOrganiserChanged: _organiser_changed,
    MeetingRecordSaved: _saved,
    MeetingConfirmed: _confirmed,
    NextMeetingSet: _next_set,
}


def evolve(meeting: Meeting | None, event: Event) -> Meeting | None:
    """Return the meeting after one more event; the first is always its scheduling."""
    if isinstance(event, MeetingScheduled):
        return _scheduled(event)
    if meeting is None:
        raise ValueError(f"{event.type_name()} before the meeting was scheduled")
    meeting = replace(meeting, version=meeting.version + 1)
    step = STEPS.get(type(event))
    return step(meeting, event) if step else meeting


def _child_of(meeting: Meeting | None) -> UUID | None:
    return meeting.child_id if meeting else None


MEETING: Aggregate[Meeting | None] = Aggregate("meeting", None, evolve, about=_child_of)
