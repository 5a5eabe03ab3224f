"""An invitation whose mail was refused, or may not have arrived, goes out again (S50, S77).

A mail whose outcome was lost is held rather than sent twice by itself: whether it goes out twice
is a person's decision, and this is how it is made. Each mail is made good for once only.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from pydantic import Field

from epep_access.people import person_of
from epep_events.base import Event
from epep_events.meeting import InvitationWithdrawn, InvitedPerson
from epep_runtime.http import CHANGE_RESPONSES, Changing
from epep_runtime.language import N_, _
from epep_runtime.problems import FieldError, InvalidError, NotFoundError, RefusedError
from epep_runtime.text import Command, Email, example
from meeting_service.invitations.links import Sealer, sealer_for_request
from meeting_service.meetings.changing import carry_out
from meeting_service.meetings.inviting import Invited, invitation_id_of, issue, refuse_invited
from meeting_service.meetings.meeting import MEETING, Meeting, existing, meeting_id_of
from meeting_service.meetings.rights import (
    Scene,
    refuse_begun,
    refuse_cancelled,
    refuse_confirmed,
    scene_of,
)
from meeting_service.read_models.deliveries import Delivery, deliveries
from meeting_service.settings import meeting_settings

router = APIRouter(tags=["meeting"])

ON_ITS_WAY = N_("This invitation is on its way. Wait until it is known what became of it.")
SENT = N_("This invitation has been sent: the mail server took it.")


class SendAgain(Command):
    """Where to: `email` if the address was wrong; without it, where it went before."""

    model_config = example(email="rosa.hill@example.org")

    email: Email | None = Field(default=None, examples=["rosa.hill@example.org"])


def decide(
    meeting: Meeting,
    invitation_id: UUID,
    delivery: Delivery,
    email: str | None,
    seal: Sealer,
    now: datetime,
) -> Sequence[Event]:
    """Send it again, to `email` where given; nothing where this very mail was sent again already.

    To another address it is another invitation: whoever has the old link can do nothing with it.

    Raises NotFoundError, and RefusedError `started`, `cancelled`, `confirmed`, `pending`, `sent`,
    `answered` or `already-invited`.
    """
    refuse_confirmed(meeting)
    refuse_cancelled(meeting)
    refuse_begun(meeting, now)
    known = meeting.invitation(invitation_id)
    if known is None:
        raise NotFoundError
    replaced = delivery.notification_id
    if replaced is not None and replaced == known.instead_of:
        return []
    _refuse_needless(delivery, answered=known.answer is not None)
    person = known.person
    moved = person.account_id is None and email is not None and email != person.email
    new_id = invitation_id_of(meeting.meeting_id, None, email) if moved else invitation_id
    again = person.model_copy(
        update={
            "invitation_id": new_id,
            "email": email or person.email,
            "sealed_token": seal(new_id),
        }
    )
    issued = issue(meeting, meeting.when, again, replaced)
    if not moved:
        return [issued]
    refuse_invited(meeting, again, "email")
    return [_withdrawn(meeting, person, new_id), issued]


def _refuse_needless(delivery: Delivery, *, answered: bool) -> None:
    """Raise RefusedError where the invitation arrived, or is on its way."""
    if delivery.state == "sent":
        raise RefusedError(_(SENT), "sent")
    if not delivery.missed_by(None):
        raise RefusedError(_(ON_ITS_WAY), "pending")
    if answered:
        raise RefusedError(_("This person has answered: the invitation arrived."), "answered")


def _withdrawn(meeting: Meeting, person: InvitedPerson, instead: UUID) -> InvitationWithdrawn:
    return InvitationWithdrawn(
        meeting_id=meeting.meeting_id,
        pep_id=meeting.pep_id,
        child_id=meeting.child_id,
        invitation_id=person.invitation_id,
        name=person.name,
        instead_id=instead,
    )


async def _address(scene: Scene, invitation_id: UUID, command: SendAgain) -> str | None:
    """Return where to send it: an account's own address, else what was typed.

    Raises NotFoundError for an invitation to another meeting, InvalidError for an address typed
    for somebody with an account: that is theirs to change.
    """
    running, key = scene.running, meeting_id_of(scene.pep.pep_id)
    typed = command.email.lower() if command.email else None
    async with running.pool.acquire() as connection:
        meeting = existing((await running.store.load(connection, MEETING, key)).state)
        invited = meeting.invitation(invitation_id)
        if invited is None:
            raise NotFoundError
        account_id = invited.person.account_id
        if account_id is None:
            return typed
        known = await person_of(connection, account_id)
    own = known.email.lower() if known else None
    if typed and typed != own:
        message = _("This person has an account: their mail goes to the address of the account.")
        raise InvalidError([FieldError("email", message, "account")])
    return own


@router.post(
    "/peps/{pep_id}/meeting/invitations/{invitation_id}/mail",
    summary="Send an invitation again",
    response_model=Invited,
    responses=CHANGE_RESPONSES,
)
async def send_again(
    pep_id: UUID, invitation_id: UUID, command: SendAgain, change: Changing, request: Request
) -> JSONResponse:
    """Send an invitation again that failed, or of which it is not known whether it arrived."""
    scene = await scene_of(request, change.principal, pep_id)
    role, pool = scene.arranger(), scene.running.pool
    seal = await sealer_for_request(pool, meeting_settings(scene.running.settings))
    email = await _address(scene, invitation_id, command)
    delivery = (await deliveries(pool, [invitation_id])).get(invitation_id, Delivery())

    def now_invited(meeting: Meeting) -> dict[str, str]:
        ids = (
            each.person.invitation_id
            for each in meeting.invitations
            if each.instead_of == delivery.notification_id
        )
        return {"invitation_id": str(next(ids, invitation_id))}

    return await carry_out(
        scene,
        change,
        role,
        lambda meeting: decide(meeting, invitation_id, delivery, email, seal, scene.now),
        more=now_invited,
    )
