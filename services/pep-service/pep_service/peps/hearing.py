"""What a PEP notes of its meeting and of quality assurance. Pure; the reactions append it."""

from datetime import datetime
from uuid import UUID

from epep_events.base import Event
from epep_events.meeting import NextMeetingSet
from epep_events.pep import (
    MeetingConfirmationNoted,
    MeetingPlan,
    MeetingTimeNoted,
    NextMeetingNoted,
    PEPReturned,
    QAOutcomeNoted,
)
from epep_events.profile import AuthorityProfile
from epep_events.qa import QAPublished
from epep_runtime.civil_time import local_date
from pep_service.peps.pep import PEP
from pep_service.peps.signing_off import signed_off
from pep_service.profiles.deadlines import completion_due
from pep_service.profiles.next_pep import review_reason


def _is_over(pep: PEP) -> bool:
    return pep.initiated is None or pep.signed_off is not None


def meeting_time(
    pep: PEP, profile: AuthorityProfile, starts_at: datetime, place: str | None
) -> list[Event]:
    """Return `MeetingTimeNoted` with the completion date by the profile's rule (S46).

    Nothing for a PEP that is signed off, or when it is known already.
    """
    known = pep.meeting_scheduled and (pep.meeting_at, pep.meeting_place) == (starts_at, place)
    if _is_over(pep) or known:
        return []
    return [
        MeetingTimeNoted(
            pep_id=pep.start.pep_id,
            starts_at=starts_at,
            place=place,
            old_completion_due=pep.completion_due,
            completion_due=completion_due(
                profile.deadlines.complete_after_meeting, local_date(starts_at)
            ),
        )
    ]


def meeting_confirmed(pep: PEP, meeting_id: UUID) -> list[Event]:
    """Return `MeetingConfirmationNoted`, once."""
    if _is_over(pep) or pep.meeting_confirmed:
        return []
    return [MeetingConfirmationNoted(pep_id=pep.start.pep_id, meeting_id=meeting_id)]


def next_meeting(pep: PEP, profile: AuthorityProfile, agreed: NextMeetingSet) -> list[Event]:
    """Return `NextMeetingNoted`: the plan of the meeting that the next PEP will have (S75)."""
    if _is_over(pep):
        return []
    this_time = pep.start.meeting
    plan = MeetingPlan(
        starts_at=agreed.starts_at,
        duration_minutes=agreed.duration_minutes,
        place=agreed.place,
        reason=review_reason(profile, local_date(agreed.starts_at)).value,
        contact_name=this_time.contact_name if this_time else None,
        contact_phone=this_time.contact_phone if this_time else None,
    )
    if plan == pep.next_meeting:
        return []
    return [NextMeetingNoted(pep_id=pep.start.pep_id, plan=plan)]


def quality_judged(pep: PEP, published: QAPublished) -> list[Event]:
    """Return `QAOutcomeNoted`, with `PEPSignedOff` or `PEPReturned` where the PEP awaits it.

    Only a submitted PEP is signed off or returned by its review; feedback is only noted, and so
    is a judgement that comes when the PEP is no longer submitted.
    """
    if pep.initiated is None:
        return []
    noted = QAOutcomeNoted(
        pep_id=pep.start.pep_id,
        review_id=published.review_id,
        decision=published.decision,
        rating=published.rating,
        rating_label=published.rating_label,
        comment=published.comment,
    )
    if not pep.submitted:
        return [] if noted == pep.outcome else [noted]
    if published.decision == "signed_off":
        return [noted, signed_off(pep, published.rating_label)]
    if published.decision == "returned":
        returned = PEPReturned(
            pep_id=pep.start.pep_id,
            child_id=pep.start.child_id,
            review_id=published.review_id,
            comment=published.comment,
            rating_label=published.rating_label,
        )
        return [noted, returned]
    return [noted]
