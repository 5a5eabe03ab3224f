"""The people agree when they meet next (B56, B84, S74, S75)."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from epep_events.base import Event
from epep_events.meeting import NextMeetingSet
from epep_runtime.http import CHANGE_RESPONSES, Changing
from epep_runtime.language import _
from epep_runtime.problems import FieldError, InvalidError
from epep_runtime.text import Command, Line, example
from meeting_service.meetings.changing import Changed, carry_out
from meeting_service.meetings.meeting import Meeting, NextMeeting
from meeting_service.meetings.rights import refuse_cancelled, scene_of
from meeting_service.meetings.when import Clock, Day, Minutes, future_instant

router = APIRouter(tags=["meeting"])


class SetNext(Command):
    """When and where the next meeting is, and who sends its invitations."""

    model_config = example(
        date="2027-03-18",
        time="09:30",
        duration_minutes=60,
        place="Larkfield Academy",
        invitations_sent_by="Dina Teller",
    )

    date: Day
    time: Clock
    duration_minutes: Minutes = 60
    place: Line | None = None
    invitations_sent_by: Line | None = None


def decide(meeting: Meeting, command: SetNext, now: datetime) -> Sequence[Event]:
    """Set the next meeting, or change it; nothing where nothing is different.

    Raises InvalidError for a time that is not ahead, of now and of this meeting, and RefusedError
    for a cancelled meeting.
    """
    refuse_cancelled(meeting)
    starts_at = future_instant(command.date, command.time, now)
    if starts_at <= meeting.when.starts_at:
        message = _("The next meeting must be after this one.")
        raise InvalidError([FieldError("date", message, "too_early")])
    agreed = NextMeeting(
        starts_at,
        command.duration_minutes,
        command.place or None,
        command.invitations_sent_by or None,
    )
    if agreed == meeting.next:
        return []
    return [
        NextMeetingSet(
            meeting_id=meeting.meeting_id,
            pep_id=meeting.pep_id,
            starts_at=agreed.starts_at,
            duration_minutes=agreed.duration_minutes,
            place=agreed.place,
            invitations_sent_by=agreed.invitations_sent_by,
        )
    ]


def next_in(meeting: Meeting) -> int:
    """Return the version in which the next meeting was last set."""
    return meeting.next_in


@router.put(
    "/peps/{pep_id}/meeting/next",
    summary="Set the next meeting",
    response_model=Changed,
    responses=CHANGE_RESPONSES,
)
async def set_next(
    pep_id: UUID, command: SetNext, change: Changing, request: Request
) -> JSONResponse:
    """Set the next meeting's time; it may be changed until the PEP is signed off."""
    scene = await scene_of(request, change.principal, pep_id)
    role = scene.writer()
    return await carry_out(
        scene,
        change,
        role,
        lambda meeting: decide(meeting, command, scene.now),
        changed_in=next_in,
    )
