"""Save on the meeting page (B77-B82, S73, S78)."""

from collections.abc import Collection, Sequence
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from epep_events.base import Event
from epep_events.meeting import MeetingRecordSaved
from epep_runtime.http import CHANGE_RESPONSES, Changing
from epep_runtime.language import _
from epep_runtime.problems import FieldError, InvalidError
from epep_runtime.text import Command, Line, Name, Paragraph, example
from meeting_service.meetings.changing import Changed, carry_out
from meeting_service.meetings.meeting import Meeting
from meeting_service.meetings.record import (
    Attended,
    MeetingRecord,
    YesNo,
    changes_between,
    outstanding,
)
from meeting_service.meetings.rights import refuse_cancelled, scene_of

router = APIRouter(tags=["meeting"])


class SaveRecord(Command):
    """The whole page as it was on the screen; what is left out is blank."""

    model_config = example(
        chair="Dina Teller",
        recorder="Sam Okoro",
        present=["Dina Teller", "Sam Okoro"],
        child_attended="part",
        views_shaped="yes",
        views_shaped_how="Amy chose her reading target.",
        checklist=["childs_voice"],
        discussion="Reading is the next step.",
    )

    chair: Line | None = None
    recorder: Line | None = None
    present: Annotated[tuple[Name, ...], Field(max_length=60)] = ()
    child_attended: Attended | None = None
    child_absent_reason: Paragraph | None = None
    views_shaped: YesNo | None = None
    views_shaped_how: Paragraph | None = None
    checklist: Annotated[tuple[Line, ...], Field(max_length=100)] = ()
    discussion: Paragraph | None = None

    def record(self, agenda: Collection[str]) -> MeetingRecord:
        """Return the record: each person once, the checklist in the agenda's order.

        Raises InvalidError for a checklist value that is not on the agenda.
        """
        strange = [value for value in self.checklist if value not in agenda]
        if strange:
            message = _("Choose from the checklist.")
            raise InvalidError([FieldError("checklist", message, "choice")])
        return MeetingRecord(
            chair=self.chair or None,
            recorder=self.recorder or None,
            present=tuple(dict.fromkeys(self.present)),
            child_attended=self.child_attended,
            child_absent_reason=self.child_absent_reason or None,
            views_shaped=self.views_shaped,
            views_shaped_how=self.views_shaped_how or None,
            checklist=tuple(value for value in agenda if value in self.checklist),
            discussion=self.discussion or None,
        ).settled()


class MissingField(BaseModel):
    """A question that must be answered before long."""

    field: str
    label: str


class RecordSaved(Changed):
    """The meeting's new version, and what is still blank."""

    missing: list[MissingField]


def decide(meeting: Meeting, record: MeetingRecord) -> Sequence[Event]:
    """Save what is different, or nothing. Raises RefusedError for a cancelled meeting."""
    refuse_cancelled(meeting)
    changes = changes_between(meeting.record, record)
    if not changes:
        return []
    return [
        MeetingRecordSaved(meeting_id=meeting.meeting_id, pep_id=meeting.pep_id, changes=changes)
    ]


def recorded_in(meeting: Meeting) -> int:
    """Return the version in which the record last changed."""
    return meeting.recorded_in


@router.put(
    "/peps/{pep_id}/meeting/record",
    summary="Save the meeting page",
    response_model=RecordSaved,
    responses=CHANGE_RESPONSES,
)
async def save_record(
    pep_id: UUID, command: SaveRecord, change: Changing, request: Request
) -> JSONResponse:
    """Save the page; a conflict (412) only if somebody saved this page since it was opened."""
    scene = await scene_of(request, change.principal, pep_id)
    role = scene.writer()
    record = command.record(scene.pep.profile.checklist)
    missing = [{"field": field, "label": label} for field, label in outstanding(record)]
    return await carry_out(
        scene,
        change,
        role,
        lambda meeting: decide(meeting, record),
        changed_in=recorded_in,
        more=lambda _: {"missing": missing},
    )
