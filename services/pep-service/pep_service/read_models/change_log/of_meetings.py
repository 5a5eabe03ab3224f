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
from epep_runtime.language import N_
from pep_service.read_models.change_log.row import (
    MEETING,
    As,
    Change,
    Raw,
    Row,
    change,
    given,
    said,
)

ANSWERS = {
    "accepted": N_("%(name)s accepted the invitation"),
    "declined": N_("%(name)s declined the invitation"),
    "proposed": N_("%(name)s proposed another time"),
}


PARTS: tuple[tuple[str, str, As], ...] = (
    ("starts_at", N_("Meeting"), "instant"),
    ("duration_minutes", N_("Minutes"), "text"),
    ("place", N_("Place"), "text"),
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
    return Row(MEETING, N_("Meeting arranged"), event.child_id, event.pep_id, changes)


def invitation_issued(event: InvitationIssued, _: Metadata) -> Row:
    """Somebody was invited, or sent the invitation again."""
    name = event.person.name
    what = said(N_("%(name)s invited to the meeting"), name=name)
    if event.instead_of is not None:
        what = said(N_("Invitation sent again to %(name)s"), name=name)
    return Row(MEETING, what, pep_id=event.pep_id)


def invitation_withdrawn(event: InvitationWithdrawn, _: Metadata) -> Row:
    """An invitation had gone to a wrong address, or to one of two accounts that became one."""
    what = N_("%(name)s’s email address corrected: the invitation to the old one ended")
    if event.accounts_merged:
        what = N_("%(name)s’s second invitation ended: two accounts became one")
    return Row(MEETING, said(what, name=event.name), pep_id=event.pep_id)


def organiser_changed(event: MeetingOrganiserChanged, _: Metadata) -> Row:
    """The organiser's account was merged into another of theirs."""
    organiser = change(
        "organiser",
        N_("Organiser"),
        str(event.old_account_id),
        str(event.organiser_account_id),
        "person",
    )
    what = N_("Meeting’s organiser changed: two accounts became one")
    return Row(MEETING, what, event.child_id, event.pep_id, (organiser,))


def invitation_responded(event: InvitationResponded, _: Metadata) -> Row:
    """Somebody answered; those without an account are known by the name they were invited with."""
    changes = given(
        change("proposed_at", N_("Proposed time"), None, event.proposed_at, "instant"),
        change("comment", N_("Comment"), None, event.comment),
    )
    what = said(ANSWERS[event.answer], name=event.name)
    return Row(MEETING, what, pep_id=event.pep_id, changes=changes, who_name=event.name)


def meeting_rescheduled(event: MeetingRescheduled, _: Metadata) -> Row:
    """The meeting moved."""
    changes = (*_when(event.old, event.new), *given(change("why", N_("Why"), None, event.why)))
    return Row(MEETING, N_("Meeting rescheduled"), pep_id=event.pep_id, changes=changes)


def meeting_cancelled(event: MeetingCancelled, _: Metadata) -> Row:
    """The meeting will not take place."""
    changes = (*_when(event.when, None), change("why", N_("Why"), None, event.why))
    return Row(MEETING, N_("Meeting cancelled"), pep_id=event.pep_id, changes=changes)


def meeting_record_saved(event: MeetingRecordSaved, _: Metadata) -> Row:
    """The meeting's record was saved: each answer that is different."""
    changes = tuple(
        change(each.field, each.label, each.old, each.new, "record") for each in event.changes
    )
    return Row(MEETING, N_("Meeting’s record saved"), pep_id=event.pep_id, changes=changes)


def meeting_confirmed(event: MeetingConfirmed, _: Metadata) -> Row:
    """The meeting has taken place."""
    changes = given(
        change("held_at", N_("Held"), None, event.held_at, "instant"),
        change("recorder", N_("Recorded by"), None, event.recorder),
        change("present", N_("Present"), None, ", ".join(event.present)),
    )
    return Row(MEETING, N_("Meeting confirmed"), event.child_id, event.pep_id, changes)


def next_meeting_set(event: NextMeetingSet, _: Metadata) -> Row:
    """The people agreed when they meet next."""
    changes = given(
        change("next_starts_at", N_("Next meeting"), None, event.starts_at, "instant"),
        change("duration_minutes", N_("Minutes"), None, event.duration_minutes),
        change("place", N_("Place"), None, event.place),
        change("sent_by", N_("Invitations sent by"), None, event.invitations_sent_by),
    )
    return Row(MEETING, N_("Next meeting set"), pep_id=event.pep_id, changes=changes)
