"""An invitee answers: accepts, declines, or proposes another time (B55)."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from pydantic import AfterValidator, Field, StringConstraints

from epep_events.base import Event
from epep_events.meeting import InvitationResponded
from epep_runtime.commands import Answer
from epep_runtime.http import CHANGE_RESPONSES, Changing, running_of
from epep_runtime.language import _
from epep_runtime.problems import FieldError, InvalidError, NotFoundError
from epep_runtime.text import Command, example, printable
from meeting_service.meetings.changing import Changed
from meeting_service.meetings.meeting import MEETING, Meeting, Reply, existing
from meeting_service.meetings.rights import (
    refuse_begun,
    refuse_cancelled,
    refuse_confirmed,
    refuse_signed_off,
)
from meeting_service.meetings.when import LocalTime, future_instant
from meeting_service.read_models.finding import Invited, invitation

router = APIRouter(tags=["invitations"])

Comment = Annotated[
    str, StringConstraints(strip_whitespace=True, max_length=2000), AfterValidator(printable)
]


class Respond(Command):
    """An answer; `proposed` goes with the answer of that name, and only with it."""

    model_config = example(
        answer="proposed",
        proposed={"date": "2026-12-04", "time": "09:00"},
        comment="I teach until 11.",
    )

    answer: Reply
    proposed: LocalTime | None = None
    comment: Comment | None = Field(default=None, examples=["I teach until 11."])

    def proposed_at(self, now: datetime) -> datetime | None:
        """Return the instant proposed. Raises InvalidError for one that cannot be, or is amiss."""
        if self.answer != "proposed":
            if self.proposed is not None:
                message = _("A time goes only with the answer that proposes one.")
                raise InvalidError([FieldError("proposed", message)])
            return None
        if self.proposed is None:
            message = _("Enter the date and time that you propose.")
            raise InvalidError([FieldError("proposed", message, "missing")])
        return future_instant(self.proposed.date, self.proposed.time, now, "proposed.")


def refuse_late(meeting: Meeting, arranged_at: datetime, now: datetime) -> None:
    """Raise RefusedError where no answer is asked for any more: the meeting has begun.

    A PEP may be set up after its meeting was held; to that one people answer until somebody
    confirms it. `arranged_at` is when the meeting's time was set.
    """
    refuse_cancelled(meeting)
    refuse_confirmed(meeting)
    if arranged_at < meeting.when.starts_at:
        refuse_begun(meeting, now)


def decide(meeting: Meeting, invited: Invited, command: Respond, now: datetime) -> Sequence[Event]:
    """Answer the invitation, or change the answer; nothing where it is the same answer again.

    Raises NotFoundError, InvalidError for a time that cannot be, RefusedError when it is late.
    """
    known = meeting.invitation(invited.invitation_id)
    if known is None:
        raise NotFoundError
    refuse_signed_off(invited.signed_off)
    refuse_late(meeting, invited.arranged_at, now)
    proposed_at, comment = command.proposed_at(now), command.comment or None
    if (known.answer, known.proposed_at, known.comment) == (command.answer, proposed_at, comment):
        return []
    return [
        InvitationResponded(
            meeting_id=meeting.meeting_id,
            pep_id=meeting.pep_id,
            child_id=meeting.child_id,
            invitation_id=invited.invitation_id,
            account_id=invited.account_id,
            name=known.person.name,
            answer=command.answer,
            proposed_at=proposed_at,
            comment=comment,
            organiser_account_id=meeting.organiser,
            child_initials=meeting.child_initials,
        )
    ]


@router.post(
    "/invitations/{invitation_id}/response",
    summary="Answer an invitation of one's own",
    response_model=Changed,
    responses={409: CHANGE_RESPONSES[409]},
)
async def respond(
    invitation_id: UUID, command: Respond, change: Changing, request: Request
) -> JSONResponse:
    """Answer, or change one's mind until the meeting starts; 404 for anybody else's invitation."""
    running = running_of(request)
    invited = await invitation(running.pool, running.store, invitation_id)
    if invited is None or invited.account_id != change.principal.account_id:
        raise NotFoundError
    now = running.store.clock()
    return await running.commands.carry_out(
        change,
        MEETING,
        invited.meeting_id,
        lambda meeting: decide(existing(meeting), invited, command, now),
        role=invited.role,
        authority=invited.authority,
        answer=lambda _, version: Answer({"version": version}),
        needs_version=False,
        stale=lambda *_: False,
    )
