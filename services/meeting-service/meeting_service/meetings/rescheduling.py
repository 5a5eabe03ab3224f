"""The current meeting moves (B57, B58, S76)."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from pydantic import AfterValidator, StringConstraints

from epep_events.base import Event
from epep_events.meeting import MeetingRescheduled, When
from epep_runtime.http import CHANGE_RESPONSES, Changing
from epep_runtime.text import Command, Line, example, printable
from meeting_service.invitations.links import Sealer, sealer_for_request
from meeting_service.meetings.changing import Changed, carry_out
from meeting_service.meetings.inviting import told_again
from meeting_service.meetings.meeting import Meeting
from meeting_service.meetings.rights import refuse_confirmed, scene_of
from meeting_service.meetings.when import Clock, Day, Minutes, future_instant
from meeting_service.settings import meeting_settings

router = APIRouter(tags=["meeting"])

Why = Annotated[
    str, StringConstraints(strip_whitespace=True, max_length=1000), AfterValidator(printable)
]
"""Why a meeting moves or is cancelled: at most 1,000 characters."""


class Reschedule(Command):
    """The meeting's new time. What is left out of length and place stays as it is."""

    model_config = example(
        date="2026-12-10",
        time="14:00",
        duration_minutes=60,
        place="Online",
        why="The school asked.",
    )

    date: Day
    time: Clock
    duration_minutes: Minutes | None = None
    place: Line | None = None
    why: Why | None = None

    def when(self, old: When, now: datetime) -> When:
        """Return the new time and place. Raises InvalidError for a time that cannot be."""
        return When(
            starts_at=future_instant(self.date, self.time, now),
            duration_minutes=self.duration_minutes or old.duration_minutes,
            place=(self.place or None) if "place" in self.model_fields_set else old.place,
            sequence=old.sequence + 1,
        )


def decide(meeting: Meeting, command: Reschedule, now: datetime, seal: Sealer) -> Sequence[Event]:
    """Move the meeting and tell everybody again; nothing where nothing is different.

    A cancelled meeting is held after all. Raises RefusedError once it has been held.
    """
    refuse_confirmed(meeting)
    new = command.when(meeting.when, now)
    same = new.model_copy(update={"sequence": meeting.when.sequence}) == meeting.when
    if same and meeting.state == "scheduled":
        return []
    return [
        MeetingRescheduled(
            meeting_id=meeting.meeting_id,
            pep_id=meeting.pep_id,
            child_id=meeting.child_id,
            child_initials=meeting.child_initials,
            old=meeting.when,
            new=new,
            why=command.why or None,
            contact_name=meeting.contact_name,
            contact_phone=meeting.contact_phone,
            invited=told_again(meeting, seal),
        )
    ]


@router.post(
    "/peps/{pep_id}/meeting/reschedule",
    summary="Move the meeting",
    response_model=Changed,
    responses=CHANGE_RESPONSES,
)
async def reschedule(
    pep_id: UUID, command: Reschedule, change: Changing, request: Request
) -> JSONResponse:
    """Move the meeting: everybody invited is told again and their answers are asked for anew."""
    scene = await scene_of(request, change.principal, pep_id)
    role = scene.arranger()
    settings = meeting_settings(scene.running.settings)
    seal = await sealer_for_request(scene.running.pool, settings)
    return await carry_out(
        scene, change, role, lambda meeting: decide(meeting, command, scene.now, seal)
    )
