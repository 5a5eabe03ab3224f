"""The meeting page as a person sees it: GET /peps/{pep_id}/meeting."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field

from epep_access.people import person_of
from epep_access.readings import note_reading
from epep_events.base import ERASED
from epep_events.meeting import MeetingConfirmed
from epep_runtime.event_store import Loaded
from epep_runtime.http import Asking
from epep_runtime.postgres import Connection
from meeting_service.meetings.meeting import (
    MEETING,
    Invitation,
    Meeting,
    Reply,
    State,
    existing,
    meeting_id_of,
)
from meeting_service.meetings.record import Attended, YesNo
from meeting_service.meetings.rights import May, Scene, scene_of
from meeting_service.read_models.deliveries import Delivery, DeliveryState, deliveries
from meeting_service.read_models.peps import organiser_of

router = APIRouter(tags=["meeting"])


class InvitationView(BaseModel):
    """One invitee: what they answered, and what became of the newest mail to them.

    Families are not told `email`, the person's address, but for their own.
    """

    invitation_id: UUID
    name: str
    email: str | None
    role_label: str
    account_id: UUID | None
    answer: Reply | None
    proposed_at: datetime | None
    comment: str | None
    delivery: DeliveryState
    delivery_reason: str | None
    may_send_again: bool = Field(
        description="The mail failed, or may not have arrived, and the person has not answered"
    )


class RecordView(BaseModel):
    """What is recorded of the meeting (B77-B82, S73, S78)."""

    chair: str | None
    recorder: str | None
    present: list[str]
    child_attended: Attended | None
    child_absent_reason: str | None
    views_shaped: YesNo | None
    views_shaped_how: str | None
    checklist: list[str] = Field(description="Values of the profile's checklist")
    discussion: str | None


class ChoiceView(BaseModel):
    """One answer of a closed question."""

    value: str
    label: str


class NextMeetingView(BaseModel):
    """When the people agreed to meet next (B84, S74)."""

    starts_at: datetime
    duration_minutes: int
    place: str | None
    invitations_sent_by: str | None


class ConfirmedView(BaseModel):
    """When and by whom the meeting was confirmed (B80, S79)."""

    at: datetime
    by: str


class MeetingView(BaseModel):
    """A PEP's meeting. Instants are UTC; show them with England's clock."""

    meeting_id: UUID
    version: int = Field(description="Send it as If-Match", examples=[7])
    pep_id: UUID
    state: State
    starts_at: datetime
    duration_minutes: int
    place: str | None
    reason: str
    reason_label: str
    reason_detail: str | None
    contact_name: str | None
    contact_phone: str | None
    invitations: list[InvitationView]
    record: RecordView
    checklist: list[ChoiceView]
    next_meeting: NextMeetingView | None
    confirmed: ConfirmedView | None
    may: May


def _invitation(
    invitation: Invitation,
    delivered: Mapping[UUID, Delivery],
    may: May,
    scene: Scene,
) -> InvitationView:
    person = invitation.person
    own = person.account_id == scene.account_id
    addressed = own or scene.acting.may("child.read_restricted")
    found = delivered.get(person.invitation_id, Delivery())
    missed = found.missed_by(invitation.instead_of) and person.email != ERASED
    delivery = found.since(invitation.instead_of)
    return InvitationView(
        invitation_id=person.invitation_id,
        name=person.name,
        email=person.email if addressed else None,
        role_label=scene.pep.profile.role_label(person.role),
        account_id=person.account_id,
        answer=invitation.answer,
        proposed_at=invitation.proposed_at,
        comment=invitation.comment,
        delivery=delivery.state,
        delivery_reason=delivery.reason,
        may_send_again=may.invite and missed and invitation.answer is None,
    )


def _next(meeting: Meeting) -> NextMeetingView | None:
    agreed = meeting.next
    if agreed is None:
        return None
    return NextMeetingView(
        starts_at=agreed.starts_at,
        duration_minutes=agreed.duration_minutes,
        place=agreed.place,
        invitations_sent_by=agreed.invitations_sent_by,
    )


async def _confirmed(
    connection: Connection, loaded: Loaded[Meeting | None]
) -> ConfirmedView | None:
    found = [each.meta for each in loaded.events if isinstance(each.data, MeetingConfirmed)]
    if not found:
        return None
    account_id = organiser_of(found[-1])
    known = await person_of(connection, account_id) if account_id else None
    by = known.name if known else "A person not known here"
    return ConfirmedView(at=found[-1].occurred_at, by=by)


async def view_of(scene: Scene) -> MeetingView:
    """Return the meeting as it is now. Raises NotFoundError where the PEP has none."""
    running, profile = scene.running, scene.pep.profile
    async with running.pool.acquire() as connection:
        key = meeting_id_of(scene.pep.pep_id)
        loaded = await running.store.load(connection, MEETING, key)
        meeting = existing(loaded.state)
        ids = [each.person.invitation_id for each in meeting.invitations]
        delivered = await deliveries(connection, ids)
        confirmed = await _confirmed(connection, loaded)
    may = scene.may(meeting)
    return MeetingView(
        meeting_id=meeting.meeting_id,
        version=loaded.version,
        pep_id=meeting.pep_id,
        state=meeting.state,
        starts_at=meeting.when.starts_at,
        duration_minutes=meeting.when.duration_minutes,
        place=meeting.when.place,
        reason=meeting.reason,
        reason_label=profile.reason_label(meeting.reason),
        reason_detail=meeting.reason_detail,
        contact_name=meeting.contact_name,
        contact_phone=meeting.contact_phone,
        invitations=[_invitation(each, delivered, may, scene) for each in meeting.invitations],
        record=RecordView.model_validate(meeting.record.as_json()),
        checklist=[ChoiceView(value=v, label=label) for v, label in profile.checklist.items()],
        next_meeting=_next(meeting),
        confirmed=confirmed,
        may=may,
    )


@router.get("/peps/{pep_id}/meeting", summary="A PEP's meeting")
async def meeting_of_pep(
    pep_id: UUID, principal: Asking, request: Request, response: Response
) -> MeetingView:
    """Show the meeting to whoever may see the child; 404 to others, and until it is scheduled."""
    scene = await scene_of(request, principal, pep_id)
    note_reading(scene.running, principal, scene.acting, "meeting.read")
    view = await view_of(scene)
    response.headers["ETag"] = f'"{view.version}"'
    return view
