"""What each event of meeting-service says in the change log. Pure, one function an event."""

from epep_events.envelope import Metadata
from epep_events.meeting import (
    InvitationIssued,
    InvitationResponded,
    InvitationWithdrawn,
    MeetingCancelled,
    MeetingConfirmed,
    MeetingOrganiserChanged,
    MeetingRecordSaved,
    MeetingRescheduled,
    MeetingScheduled,
    NextMeetingSet,
    When,
)
from pep_service.read_models.change_log.row import MEETING, As, Change, Raw, Row, change, given

ANSWERS = {
    "accepted": "accepted the invitation",
    "declined": "declined the invitation",
    "proposed": "proposed another time",
}


PARTS: tuple[tuple[str, str, As], ...] = (
    ("starts_at", "Meeting", "instant"),
    ("duration_minutes", "Minutes", "text"),
    ("place", "Place", "text"),
)


def _when(old: When | None, new: When | None) -> tuple[Change, ...]:
    def part(when: When | None, name: str) -> Raw:
        found: Raw = getattr(when, name) if when else None
        return found

    return given(
        *(
            change(name, label, part(old, name), part(new, name), shown_as)
            for name, label, shown_as in PARTS
        )
    )


def meeting_scheduled(event: MeetingScheduled, _: Metadata) -> Row:
    """A meeting was arranged."""
    changes = _when(None, event.when)
    return Row(MEETING, "Meeting arranged", event.child_id, event.pep_id, changes)


def invitation_issued(event: InvitationIssued, _: Metadata) -> Row:
    """Somebody was invited, or sent the invitation again."""
    name = event.person.name
    what = f"{name} invited to the meeting"
    if event.instead_of is not None:
        what = f"Invitation sent again to {name}"
    return Row(MEETING, what, pep_id=event.pep_id)


def invitation_withdrawn(event: InvitationWithdrawn, _: Metadata) -> Row:
    """An invitation had gone to a wrong address, or to one of two accounts that became one."""
    what = f"{event.name}’s email address corrected: the invitation to the old one ended"
    if event.accounts_merged:
        what = f"{event.name}’s second invitation ended: two accounts became one"
    return Row(MEETING, what, pep_id=event.pep_id)


def organiser_changed(event: MeetingOrganiserChanged, _: Metadata) -> Row:
    """The organiser's account was merged into another of theirs."""
    organiser = change(
        "organiser",
        "Organiser",
        str(event.old_account_id),
        str(event.organiser_account_id),
        "person",
    )
    what = "Meeting’s organiser changed: two accounts became one"
    return Row(MEETING, what, event.child_id, event.pep_id, (organiser,))


def invitation_responded(event: InvitationResponded, _: Metadata) -> Row:
    """Somebody answered; those without an account are known by the name they were invited with."""
    changes = given(
        change("proposed_at", "Proposed time", None, event.proposed_at, "instant"),
        change("comment", "Comment", None, event.comment),
    )
    what = f"{event.name} {ANSWERS[event.answer]}"
    return Row(MEETING, what, pep_id=event.pep_id, changes=changes, who_name=event.name)


def meeting_rescheduled(event: MeetingRescheduled, _: Metadata) -> Row:
    """The meeting moved."""
    changes = (*_when(event.old, event.new), *given(change("why", "Why", None, event.why)))
    return Row(MEETING, "Meeting rescheduled", pep_id=event.pep_id, changes=changes)


def meeting_cancelled(event: MeetingCancelled, _: Metadata) -> Row:
    """The meeting will not take place."""
    changes = (*_when(event.when, None), change("why", "Why", None, event.why))
    return Row(MEETING, "Meeting cancelled", pep_id=event.pep_id, changes=changes)


def meeting_record_saved(event: MeetingRecordSaved, _: Metadata) -> Row:
    """The meeting's record was saved: each answer that is different."""
    changes = tuple(
        change(each.field, each.label, each.old, each.new, "record") for each in event.changes
    )
    return Row(MEETING, "Meeting’s record saved", pep_id=event.pep_id, changes=changes)


def meeting_confirmed(event: MeetingConfirmed, _: Metadata) -> Row:
    """The meeting has taken place."""
    changes = given(
        change("held_at", "Held", None, event.held_at, "instant"),
        change("recorder", "Recorded by", None, event.recorder),
        change("present", "Present", None, ", ".join(event.present)),
    )
    return Row(MEETING, "Meeting confirmed", event.child_id, event.pep_id, changes)


def next_meeting_set(event: NextMeetingSet, _: Metadata) -> Row:
    """The people agreed when they meet next."""
    changes = given(
        change("next_starts_at", "Next meeting", None, event.starts_at, "instant"),
        change("duration_minutes", "Minutes", None, event.duration_minutes),
        change("place", "Place", None, event.place),
        change("sent_by", "Invitations sent by", None, event.invitations_sent_by),
    )
    return Row(MEETING, "Next meeting set", pep_id=event.pep_id, changes=changes)
