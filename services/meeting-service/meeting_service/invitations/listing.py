"""The PEP Meeting Invitations tab (B55): one's own invitations."""

from datetime import datetime
from uuid import UUID

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field

from epep_runtime.http import Asking, running_of
from meeting_service.meetings.meeting import Reply, State
from meeting_service.read_models.finding import Invited, invitations_of

router = APIRouter(tags=["invitations"])


class MayRespond(BaseModel):
    """What the invitee may do now."""

    respond: bool


class InvitationOfMine(BaseModel):
    """An invitation and the meeting it is to. Instants are UTC; the child is shown by initials."""

    invitation_id: UUID
    pep_id: UUID
    meeting_id: UUID
    child_name_or_initials: str
    starts_at: datetime
    duration_minutes: int
    place: str | None
    reason_label: str
    reason_detail: str | None
    organiser: str | None
    state: State
    answer: Reply | None
    proposed_at: datetime | None
    comment: str | None
    may: MayRespond


class InvitationsOfMine(BaseModel):
    """The meetings ahead, nearest first, then those before. `waiting` are yet to be answered."""

    waiting: int = Field(examples=[1])
    invitations: list[InvitationOfMine]


def can_respond(invited: Invited, now: datetime) -> bool:
    """Tell whether an answer would be taken now (`responding.refuse_late` is the rule)."""
    ahead = now < invited.starts_at or invited.arranged_at >= invited.starts_at
    return invited.state == "scheduled" and ahead and not invited.signed_off


def view_of(invited: Invited, now: datetime) -> InvitationOfMine:
    """Return the invitation as its invitee sees it."""
    return InvitationOfMine(
        invitation_id=invited.invitation_id,
        pep_id=invited.pep_id,
        meeting_id=invited.meeting_id,
        child_name_or_initials=invited.child_initials,
        starts_at=invited.starts_at,
        duration_minutes=invited.duration_minutes,
        place=invited.place,
        reason_label=invited.reason,
        reason_detail=invited.reason_detail,
        organiser=invited.organiser,
        state=invited.state,
        answer=invited.answer,
        proposed_at=invited.proposed_at,
        comment=invited.comment,
        may=MayRespond(respond=can_respond(invited, now)),
    )


@router.get("/invitations", summary="My invitations")
async def my_invitations(principal: Asking, request: Request) -> InvitationsOfMine:
    """List the caller's own invitations, 200 at most."""
    running = running_of(request)
    now = running.store.clock()
    found = await invitations_of(running.pool, running.store, principal.account_id, now)
    views = [view_of(each, now) for each in found]
    waiting = sum(each.may.respond and each.answer is None for each in views)
    return InvitationsOfMine(waiting=waiting, invitations=views)
