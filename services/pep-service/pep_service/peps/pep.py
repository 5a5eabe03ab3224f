"""One PEP: its state, and how each event changes it. Pure; stream `pep-<uuid>`."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Literal
from uuid import UUID

from pydantic import JsonValue

from epep_events.base import Event
from epep_events.pep import (
    MeetingConfirmationNoted,
    MeetingPlan,
    MeetingTimeNoted,
    NextMeetingNoted,
    PageSaved,
    PEPInitiated,
    PEPReturned,
    PEPSignedOff,
    PEPSubmitted,
    QAOutcomeNoted,
    SectionCompleted,
    SectionReopened,
    Target,
    TargetAmended,
    TargetDrafted,
    TargetSubmitted,
    TargetWithdrawn,
)
from epep_runtime.event_store import Aggregate
from epep_runtime.language import _
from epep_runtime.problems import NotFoundError, RefusedError

TargetStatus = Literal["draft", "submitted", "withdrawn"]
Values = Mapping[str, JsonValue]


@dataclass(frozen=True, slots=True)
class TargetState:
    """A target as it stands; `version` is the stream's version at its last change."""

    target_id: UUID
    status: TargetStatus
    target: Target
    version: int


@dataclass(frozen=True, slots=True)
class PEP:
    """A PEP's state. `version` counts its events; `values` are answers by page and field.

    `page_versions` give the stream's version at which each page last changed, so that two people
    on different pages never get in each other's way.
    """

    version: int = 0
    initiated: PEPInitiated | None = None
    completion_due: date | None = None
    meeting_at: datetime | None = None
    meeting_place: str | None = None
    meeting_scheduled: bool = False
    meeting_confirmed: bool = False
    next_meeting: MeetingPlan | None = None
    values: Mapping[str, Values] = field(default_factory=dict)
    page_versions: Mapping[str, int] = field(default_factory=dict)
    targets: Mapping[UUID, TargetState] = field(default_factory=dict)
    completed: frozenset[str] = frozenset()
    submitted: bool = False
    returned: PEPReturned | None = None
    outcome: QAOutcomeNoted | None = None
    signed_off: PEPSignedOff | None = None

    @property
    def start(self) -> PEPInitiated:
        """Return what it began with. Raises NotFoundError for a PEP that never began."""
        if self.initiated is None:
            raise NotFoundError
        return self.initiated

    @property
    def editable(self) -> bool:
        """Tell whether people may change it: not while submitted, never after sign-off."""
        return self.initiated is not None and not self.submitted and self.signed_off is None

    @property
    def agreed_next(self) -> MeetingPlan | None:
        """Return the plan of the next meeting; None where it is not, or no longer, after this one.

        This one may have been moved since, past the day that had been agreed for the next.
        """
        plan, here = self.next_meeting, self.meeting_at
        return plan if plan and (here is None or here < plan.starts_at) else None

    def answers(self, page: str) -> Values:
        """Return a page's answers by field; a field that was never answered is absent."""
        return self.values.get(page, {})

    def page_version(self, page: str) -> int:
        """Return the stream's version at which a page last changed; 0 for never."""
        return self.page_versions.get(page, 0)


def refuse_unless_editable(pep: PEP) -> None:
    """Raise RefusedError when the PEP is submitted or signed off, NotFoundError when there is none.

    A returned PEP may be changed again.
    """
    _started = pep.start
    if pep.signed_off:
        raise RefusedError(
            _("This PEP has been signed off, so it can no longer be changed."), "signed_off"
        )
    if pep.submitted:
        raise RefusedError(
            _(
                "This PEP has been submitted to the virtual school."
                " It can be changed again if they return it."
            ),
            "submitted",
        )


def evolve(pep: PEP, event: Event) -> PEP:
    """Return the PEP after one more event."""
    pep = replace(pep, version=pep.version + 1)
    match event:
        case PEPInitiated():
            return _initiated(pep, event)
        case PageSaved():
            return _page_saved(pep, event)
        case TargetDrafted() | TargetAmended():
            return _with_target(pep, event.target_id, "draft", event.target)
        case TargetSubmitted():
            return _with_target(pep, event.target_id, "submitted")
        case TargetWithdrawn():
            return _with_target(pep, event.target_id, "withdrawn")
        case SectionCompleted():
            return replace(pep, completed=pep.completed | {event.section})
        case SectionReopened():
            return replace(pep, completed=pep.completed - {event.section})
        case PEPSubmitted():
            return replace(pep, submitted=True, returned=None)
        case PEPReturned():
            return replace(pep, submitted=False, returned=event)
        case PEPSignedOff():
            return replace(pep, submitted=False, signed_off=event)
        case _:
            return _heard(pep, event)


def _heard(pep: PEP, event: Event) -> PEP:
    """What the PEP has heard from the meeting and from quality assurance."""
    match event:
        case MeetingTimeNoted():
            return replace(
                pep,
                meeting_at=event.starts_at,
                meeting_place=event.place,
                meeting_scheduled=True,
                completion_due=event.completion_due,
            )
        case MeetingConfirmationNoted():
            return replace(pep, meeting_confirmed=True)
        case NextMeetingNoted():
            return replace(pep, next_meeting=event.plan)
        case QAOutcomeNoted():
            return replace(pep, outcome=event)
        case _:
            return pep


def _initiated(pep: PEP, event: PEPInitiated) -> PEP:
    return replace(
        pep,
        initiated=event,
        completion_due=event.completion_due,
        meeting_at=event.meeting.starts_at if event.meeting else None,
        meeting_place=event.meeting.place if event.meeting else None,
    )


def _page_saved(pep: PEP, event: PageSaved) -> PEP:
    answers = {**pep.answers(event.page), **{each.field: each.new for each in event.changes}}
    return replace(
        pep,
        values={**pep.values, event.page: answers},
        page_versions={**pep.page_versions, event.page: pep.version},
    )


def _with_target(
    pep: PEP, target_id: UUID, status: TargetStatus, target: Target | None = None
) -> PEP:
    """An agreed target that is amended is a draft again: it was not agreed like that."""
    known = target or pep.targets[target_id].target
    changed = TargetState(target_id, status, known, pep.version)
    return replace(pep, targets={**pep.targets, target_id: changed})


def _child_of(pep: PEP) -> UUID | None:
    return pep.initiated.child_id if pep.initiated else None


PEPS: Aggregate[PEP] = Aggregate("pep", PEP(), evolve, about=_child_of)
"""Streams `pep-<pep id>`."""
