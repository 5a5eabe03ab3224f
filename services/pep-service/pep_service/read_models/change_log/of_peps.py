"""What each event of a PEP says in the change log. Pure, one function an event.

Events by which a PEP notes what another service has said are left out, for that service's own
event has its row; but a completion date that moves with the meeting is news.
"""

from epep_events.envelope import Metadata
from epep_events.pep import (
    MeetingTimeNoted,
    PageSaved,
    PEPInitiated,
    PEPReturned,
    PEPSignedOff,
    PEPSubmitted,
    SectionCompleted,
    SectionReopened,
    Target,
    TargetAmended,
    TargetDrafted,
    TargetSubmitted,
    TargetWithdrawn,
)
from epep_runtime.language import N_
from pep_service.children.school_year import year_group_label
from pep_service.peps.target_labels import LABELS
from pep_service.read_models.change_log.row import PEP, As, Change, Row, change, given, quoted, said


def pep_initiated(event: PEPInitiated, _: Metadata) -> Row:
    """A PEP began, by hand or after the last one's sign-off."""
    begun = (
        N_("Next PEP generated: %(kind)s") if event.previous_pep_id else N_("PEP created: %(kind)s")
    )
    meeting = event.meeting
    invited = [invitee.name for invitee in event.invitees]
    changes = given(
        change("year_group", N_("Year group"), None, year_group_label(event.year_group)),
        change("meeting", N_("Meeting"), None, meeting.starts_at if meeting else None, "instant"),
        change("place", N_("Place"), None, meeting.place if meeting else None),
        change("completion_due", N_("To be complete by"), None, event.completion_due, "date"),
        change("invitees", N_("Invited"), None, ", ".join(invited) or None),
    )
    what = said(begun, kind=event.kind_label)
    return Row(PEP, what, event.child_id, event.pep_id, changes)


def page_saved(event: PageSaved, _: Metadata) -> Row:
    """A page was saved: each answer that is different."""
    changes = (
        change(each.field, each.label, each.old, each.new, "answer", page=event.page)
        for each in event.changes
    )
    what = said(N_("%(page)s saved"), page=event.page_title)
    return Row(event.section, what, pep_id=event.pep_id, changes=tuple(changes))


def _as(field: str) -> As:
    special: dict[str, As] = {"area": "area", "due_on": "date"}
    return special.get(field, "text")


def _new_target(target: Target) -> tuple[Change, ...]:
    facts = target.model_dump(mode="json")
    return given(*(change(key, label, None, facts[key], _as(key)) for key, label in LABELS.items()))


def target_drafted(event: TargetDrafted, _: Metadata) -> Row:
    """A target was written down."""
    changes = _new_target(event.target)
    return Row(event.section, N_("Target drafted"), pep_id=event.pep_id, changes=changes)


def target_amended(event: TargetAmended, _: Metadata) -> Row:
    """A target was changed."""
    what = said(N_("Target %(statement)s changed"), statement=quoted(event.target.statement))
    changes = tuple(
        change(each.field, each.label, each.old, each.new, _as(each.field))
        for each in event.changes
    )
    return Row(event.section, what, pep_id=event.pep_id, changes=changes)


def target_submitted(event: TargetSubmitted, _: Metadata) -> Row:
    """A target was agreed."""
    what = said(N_("Target %(statement)s submitted"), statement=quoted(event.statement))
    return Row(event.section, what, pep_id=event.pep_id)


def target_withdrawn(event: TargetWithdrawn, _: Metadata) -> Row:
    """A target was taken back."""
    what = said(N_("Target %(statement)s withdrawn"), statement=quoted(event.statement))
    changes = (change("reason", N_("Reason"), None, event.reason),)
    return Row(event.section, what, pep_id=event.pep_id, changes=changes)


def section_completed(event: SectionCompleted, _: Metadata) -> Row:
    """A party said that its section is done."""
    what = said(N_("%(section)s marked complete"), section=event.section_title)
    return Row(event.section, what, event.child_id, event.pep_id)


def section_reopened(event: SectionReopened, _: Metadata) -> Row:
    """A section is complete no longer."""
    what = said(N_("%(section)s is no longer complete"), section=event.section_title)
    changes = (change("because", N_("Because"), None, event.because),)
    return Row(event.section, what, event.child_id, event.pep_id, changes)


def pep_submitted(event: PEPSubmitted, _: Metadata) -> Row:
    """The PEP went to the virtual school."""
    return Row(PEP, N_("PEP submitted to the virtual school"), event.child_id, event.pep_id)


def pep_returned(event: PEPReturned, _: Metadata) -> Row:
    """The PEP came back for more work."""
    changes = (change("comment", N_("Comment"), None, event.comment),)
    return Row(PEP, N_("PEP returned for more work"), event.child_id, event.pep_id, changes)


def pep_signed_off(event: PEPSignedOff, _: Metadata) -> Row:
    """The PEP is done."""
    return Row(PEP, N_("PEP signed off"), event.child_id, event.pep_id)


def meeting_time_noted(event: MeetingTimeNoted, _: Metadata) -> Row | None:
    """The completion date moved with the meeting (S46); without that it is no news."""
    old, new = event.old_completion_due, event.completion_due
    if old == new:
        return None
    changes = (change("completion_due", N_("To be complete by"), old, new, "date"),)
    return Row(
        PEP, N_("Completion date moved with the meeting"), pep_id=event.pep_id, changes=changes
    )
