"""Where a PEP is on its way (domain 1.4), in one word for programs and a few for people."""

from datetime import date
from typing import Literal

from epep_events.profile import Section
from epep_runtime.language import N_
from pep_service.peps.pep import PEP
from pep_service.profiles.form import completable

State = Literal[
    "initiated",
    "meeting_scheduled",
    "meeting_confirmed",
    "sections_complete",
    "submitted",
    "returned",
    "signed_off",
]

STATE_LABELS: dict[State, str] = {
    "initiated": N_("Initiated"),
    "meeting_scheduled": N_("Meeting arranged"),
    "meeting_confirmed": N_("Meeting held"),
    "sections_complete": N_("All sections complete"),
    "submitted": N_("Submitted"),
    "returned": N_("Returned"),
    "signed_off": N_("Signed off"),
}


def state_from(
    *,
    signed_off: bool,
    submitted: bool,
    returned: bool,
    complete: bool,
    confirmed: bool,
    scheduled: bool,
) -> State:
    """Return the furthest state that these facts amount to."""
    reached: tuple[tuple[bool, State], ...] = (
        (signed_off, "signed_off"),
        (submitted, "submitted"),
        (returned, "returned"),
        (complete, "sections_complete"),
        (confirmed, "meeting_confirmed"),
        (scheduled, "meeting_scheduled"),
    )
    return next((state for fact, state in reached if fact), "initiated")


def all_complete(completed: frozenset[str], sections: tuple[Section, ...]) -> bool:
    """Tell whether every section that can be completed is."""
    return all(section.key in completed for section in completable(sections))


def state_of(pep: PEP, sections: tuple[Section, ...]) -> State:
    """Return where a PEP is on its way."""
    return state_from(
        signed_off=pep.signed_off is not None,
        submitted=pep.submitted,
        returned=pep.returned is not None,
        complete=all_complete(pep.completed, sections),
        confirmed=pep.meeting_confirmed,
        scheduled=pep.meeting_scheduled,
    )


def is_overdue(due: date | None, today: date, *, handed_in: bool) -> bool:
    """Tell whether the completion date has passed before the PEP was submitted or signed off."""
    return due is not None and today > due and not handed_in
