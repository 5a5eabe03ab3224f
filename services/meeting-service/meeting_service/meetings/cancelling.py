"""The meeting will not take place."""

from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from pydantic import StringConstraints

from epep_events.base import Event
from epep_events.meeting import MeetingCancelled
from epep_runtime.http import CHANGE_RESPONSES, Changing
from epep_runtime.text import Command, example
from meeting_service.invitations.links import Sealer, sealer_for_request
from meeting_service.meetings.changing import Changed, carry_out
from meeting_service.meetings.inviting import told_again
from meeting_service.meetings.meeting import Meeting
from meeting_service.meetings.rescheduling import Why
from meeting_service.meetings.rights import refuse_cancelled, refuse_confirmed, scene_of
from meeting_service.settings import meeting_settings

router = APIRouter(tags=["meeting"])


class Cancel(Command):
    """Why the meeting is called off; everybody invited reads it."""

    model_config = example(why="The school is closed that day.")

    why: Annotated[Why, StringConstraints(min_length=1)]


def decide(meeting: Meeting, command: Cancel, seal: Sealer) -> Sequence[Event]:
    """Call the meeting off. Raises RefusedError where it is off already or has been held."""
    refuse_confirmed(meeting)
    refuse_cancelled(meeting)
    when = meeting.when.model_copy(update={"sequence": meeting.when.sequence + 1})
    return [
        MeetingCancelled(
            meeting_id=meeting.meeting_id,
            pep_id=meeting.pep_id,
            child_id=meeting.child_id,
            child_initials=meeting.child_initials,
            when=when,
            why=command.why,
            invited=told_again(meeting, seal),
        )
    ]


@router.post(
    "/peps/{pep_id}/meeting/cancellation",
    summary="Cancel the meeting",
    response_model=Changed,
    responses=CHANGE_RESPONSES,
)
async def cancel(pep_id: UUID, command: Cancel, change: Changing, request: Request) -> JSONResponse:
    """Call the meeting off and tell everybody invited. Rescheduling it makes it valid again."""
    scene = await scene_of(request, change.principal, pep_id)
    role = scene.arranger()
    settings = meeting_settings(scene.running.settings)
    seal = await sealer_for_request(scene.running.pool, settings)
    return await carry_out(scene, change, role, lambda meeting: decide(meeting, command, seal))
