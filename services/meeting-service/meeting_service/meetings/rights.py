"""Who may do what with a meeting: by the authority's profile, and whoever arranged it."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from fastapi import Request
from pydantic import BaseModel

from epep_access.answers import Answers
from epep_access.checking import Acting, acting_for_pep
from epep_runtime.civil_time import local_date
from epep_runtime.http import running_of
from epep_runtime.language import _
from epep_runtime.problems import ForbiddenError, RefusedError
from epep_runtime.service import Running
from epep_runtime.tokens import Principal
from meeting_service.meetings.meeting import Meeting
from meeting_service.read_models.peps import KnownPEP, known_pep


class May(BaseModel):
    """What the asking person may do now: drive buttons from these."""

    record: bool
    reschedule: bool
    invite: bool
    cancel: bool
    confirm: bool
    set_next: bool


@dataclass(frozen=True, slots=True)
class Scene:
    """A person before a PEP's meeting, at an instant (UTC)."""

    running: Running
    account_id: UUID
    acting: Acting
    pep: KnownPEP
    now: datetime

    @property
    def _organises(self) -> bool:
        return self.account_id == self.pep.organiser

    @property
    def _arrangers(self) -> frozenset[str]:
        return self.pep.profile.writers | self.pep.profile.arrangers

    def writer(self) -> str:
        """Return the role that may write the meeting page. Raises ForbiddenError."""
        return self.acting.must("meeting.record", self.pep.profile.writers)

    def arranger(self) -> str:
        """Return the role that may move the meeting and invite: those who write its page or set
        PEPs up (B52, B58, S76), and whoever set up this one. Raises ForbiddenError.
        """
        if self.acting.may("meeting.arrange", self._arrangers):
            return self.acting.must("meeting.arrange", self._arrangers)
        if self._organises:
            return self.acting.role
        raise ForbiddenError

    def may(self, meeting: Meeting) -> May:
        """Return what the person may do with the meeting as it is."""
        is_open = not self.pep.signed_off
        writes = is_open and self.acting.may("meeting.record", self.pep.profile.writers)
        arranges = is_open and (
            self._organises or self.acting.may("meeting.arrange", self._arrangers)
        )
        scheduled = meeting.state == "scheduled"
        begun = meeting.when.starts_at <= self.now
        return May(
            record=writes and meeting.state != "cancelled",
            reschedule=arranges and meeting.state != "confirmed",
            invite=arranges and scheduled and not begun,
            cancel=arranges and scheduled,
            confirm=writes and scheduled and day_has_come(meeting, self.now),
            set_next=writes and meeting.state != "cancelled",
        )


async def scene_of(request: Request, principal: Principal, pep_id: UUID) -> Scene:
    """Return the person before the PEP's meeting. Raises NotFoundError for strangers to the child.

    Raises ProblemError 503 while the PEP's profile is not known here.
    """
    running = running_of(request)
    acting = await acting_for_pep(running.pool, principal, pep_id, running.part(Answers))
    acting.must("meeting.read")
    pep = await known_pep(running.pool, pep_id)
    return Scene(running, principal.account_id, acting, pep, running.store.clock())


def day_has_come(meeting: Meeting, now: datetime) -> bool:
    """Tell whether it is the meeting's day, or later; people do meet before the hour."""
    return local_date(meeting.when.starts_at) <= local_date(now)


def refuse_cancelled(meeting: Meeting) -> None:
    """Raise RefusedError `cancelled` where the meeting will not take place."""
    if meeting.state == "cancelled":
        raise RefusedError(_("This meeting has been cancelled."), "cancelled")


def refuse_confirmed(meeting: Meeting) -> None:
    """Raise RefusedError `confirmed` where the meeting is known to have taken place."""
    if meeting.state == "confirmed":
        raise RefusedError(_("This meeting has been confirmed as held."), "confirmed")


def refuse_begun(meeting: Meeting, now: datetime) -> None:
    """Raise RefusedError `started` from the meeting's start on."""
    if meeting.when.starts_at <= now:
        raise RefusedError(_("This meeting's time has come."), "started")


def refuse_signed_off(signed_off: bool) -> None:
    """Raise RefusedError `signed-off` where the PEP is closed."""
    if signed_off:
        raise RefusedError(
            _("This PEP has been signed off: its meeting can no longer be changed."), "signed-off"
        )
