"""The meeting has taken place (B80, S79); tracked apart from sign-off (S80)."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from epep_events.base import Event
from epep_events.meeting import MeetingConfirmed
from epep_runtime.http import CHANGE_RESPONSES, Changing
from epep_runtime.language import N_, _
from epep_runtime.problems import FieldError, RefusedError
from epep_runtime.text import Command, example
from meeting_service.meetings.changing import Changed, carry_out
from meeting_service.meetings.meeting import Meeting
from meeting_service.meetings.rights import (
    day_has_come,
    refuse_cancelled,
    refuse_confirmed,
    scene_of,
)

router = APIRouter(tags=["meeting"])

NEEDED = {
    "recorder": N_("Say who recorded the meeting."),
    "present": N_("Say who was present."),
}


class Confirm(Command):
    """Nothing more is said: the record has it all."""

    model_config = example()


def decide(meeting: Meeting, now: datetime) -> Sequence[Event]:
    """Confirm the meeting, once, from its day on, with a recorder and somebody present.

    From its day, not its hour: people do meet earlier than planned, and confirm before they part.

    Raises RefusedError with the codes `confirmed`, `cancelled`, `not-started` or `mandatory`.
    """
    refuse_confirmed(meeting)
    refuse_cancelled(meeting)
    if not day_has_come(meeting, now):
        raise RefusedError(
            _("The day of this meeting has not come yet. If you met earlier, reschedule it first."),
            "not-started",
        )
    record = meeting.record
    blank = [
        FieldError(field, _(message), "mandatory")
        for field, message in NEEDED.items()
        if not getattr(record, field)
    ]
    if blank or record.recorder is None:
        raise RefusedError(_("Fill in the record first."), "mandatory", blank)
    return [
        MeetingConfirmed(
            meeting_id=meeting.meeting_id,
            pep_id=meeting.pep_id,
            child_id=meeting.child_id,
            held_at=meeting.when.starts_at,
            recorder=record.recorder,
            present=record.present,
        )
    ]


def seen_in(meeting: Meeting) -> int:
    """Return the version in which what is being confirmed last changed."""
    return max(meeting.arranged_in, meeting.recorded_in)


@router.post(
    "/peps/{pep_id}/meeting/confirmation",
    summary="Confirm that the meeting has taken place",
    response_model=Changed,
    responses=CHANGE_RESPONSES,
)
async def confirm(
    pep_id: UUID, _command: Confirm, change: Changing, request: Request
) -> JSONResponse:
    """Confirm the meeting; the virtual school hears of it."""
    scene = await scene_of(request, change.principal, pep_id)
    role = scene.writer()
    return await carry_out(
        scene, change, role, lambda meeting: decide(meeting, scene.now), changed_in=seen_in
    )
