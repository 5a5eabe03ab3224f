"""Somebody more is invited (S50, S77)."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from pydantic import Field

from epep_access.people import people_of
from epep_events.base import Event
from epep_events.meeting import InvitationIssued, InvitedPerson, MeetingScheduled, When
from epep_runtime.http import CHANGE_RESPONSES, Changing
from epep_runtime.ids import derived_id
from epep_runtime.language import _
from epep_runtime.problems import FieldError, InvalidError, RefusedError
from epep_runtime.text import Command, Email, Line, example
from meeting_service.invitations.links import Sealer, sealer_for_request
from meeting_service.meetings.changing import Changed, carry_out
from meeting_service.meetings.meeting import Meeting
from meeting_service.meetings.rights import (
    Scene,
    refuse_begun,
    refuse_cancelled,
    refuse_confirmed,
    scene_of,
)
from meeting_service.read_models.people import roles_near
from meeting_service.read_models.profiles import GUEST
from meeting_service.settings import meeting_settings

router = APIRouter(tags=["meeting"])
MOST_INVITED = 40


class InviteeIn(Command):
    """Somebody to invite: `account_id`, in one of that person's roles, or `email` and `name`."""

    account_id: UUID | None = None
    email: Email | None = None
    name: Line | None = None
    role: Line | None = None


class Invite(Command):
    """One person to invite."""

    model_config = example(invitee={"email": "aunt@example.org", "name": "Rosa Hill"})

    invitee: InviteeIn = Field(examples=[{"email": "aunt@example.org", "name": "Rosa Hill"}])


class Invited(Changed):
    """The meeting's new version and the new invitation's id."""

    invitation_id: UUID


def invitation_id_of(meeting_id: UUID, account_id: UUID | None, email: str | None) -> UUID:
    """Return the one id of a person's invitation to a meeting."""
    return derived_id("invitation", meeting_id, account_id or email)


def issue(
    of: Meeting | MeetingScheduled,
    when: When,
    person: InvitedPerson,
    instead_of: UUID | None = None,
) -> InvitationIssued:
    """Return the invitation of a person to that meeting as it is arranged.

    `instead_of` is the notification that did not reach the person, or may not have.
    """
    return InvitationIssued(
        meeting_id=of.meeting_id,
        pep_id=of.pep_id,
        child_id=of.child_id,
        child_initials=of.child_initials,
        person=person,
        when=when,
        reason=of.reason,
        contact_name=of.contact_name,
        contact_phone=of.contact_phone,
        instead_of=instead_of,
    )


def told_again(meeting: Meeting, seal: Sealer) -> tuple[InvitedPerson, ...]:
    """Return everybody invited, with their tokens sealed to the key that is in use now."""
    return tuple(
        each.person.model_copy(update={"sealed_token": seal(each.person.invitation_id)})
        for each in meeting.invitations
    )


def refuse_invited(meeting: Meeting, person: InvitedPerson, field: str) -> None:
    """Raise RefusedError, at that field, for somebody whose account or address is invited."""
    for each in meeting.invitations:
        same_account = person.account_id and each.person.account_id == person.account_id
        if same_account or each.person.email == person.email:
            message = _("This person has been invited already.")
            error = FieldError(field, message, "already-invited")
            raise RefusedError(message, "already-invited", [error])


def decide(meeting: Meeting, person: InvitedPerson, now: datetime) -> Sequence[Event]:
    """Invite the person. Raises RefusedError for somebody invited already, or when it is late."""
    refuse_confirmed(meeting)
    refuse_cancelled(meeting)
    refuse_begun(meeting, now)
    refuse_invited(meeting, person, "invitee.account_id" if person.account_id else "invitee.email")
    if len(meeting.invitations) >= MOST_INVITED:
        raise RefusedError(_("%(most)s people is the most.", most=MOST_INVITED), "too-many-invited")
    return [issue(meeting, meeting.when, person)]


def _guest(invitee: InviteeIn) -> tuple[str, str, str]:
    errors = []
    if not invitee.email:
        errors.append(FieldError("invitee.email", _("Enter an email address."), "missing"))
    if not invitee.name:
        errors.append(FieldError("invitee.name", _("Enter the person's name."), "missing"))
    if errors:
        raise InvalidError(errors)
    return invitee.email or "", invitee.name or "", GUEST


async def _colleague(scene: Scene, account_id: UUID, invitee: InviteeIn) -> tuple[str, str, str]:
    if invitee.email:
        message = _("Give an account or an email address, not both.")
        raise InvalidError([FieldError("invitee.email", message)])
    pool = scene.running.pool
    known = (await people_of(pool, [account_id])).get(account_id)
    roles = await roles_near(pool, account_id, scene.pep.authority, scene.pep.child_id)
    if known is None or not roles:
        message = _("There is no such person in this child's authority.")
        raise InvalidError([FieldError("invitee.account_id", message, "unknown")])
    role = invitee.role or min(roles)
    if role not in roles:
        message = _("This person does not have that role.")
        raise InvalidError([FieldError("invitee.role", message, "choice")])
    return known.email.lower(), known.name, role


async def person_of(
    scene: Scene, meeting_id: UUID, invitee: InviteeIn, seal: Sealer
) -> InvitedPerson:
    """Return whom to invite; a colleague's name and address are those of the account.

    Raises InvalidError for nobody in particular, or an account unknown in the child's authority.
    """
    if invitee.account_id:
        email, name, role = await _colleague(scene, invitee.account_id, invitee)
    else:
        email, name, role = _guest(invitee)
    invitation_id = invitation_id_of(meeting_id, invitee.account_id, email)
    return InvitedPerson(
        invitation_id=invitation_id,
        account_id=invitee.account_id,
        email=email,
        name=name,
        role=role,
        sealed_token=seal(invitation_id),
    )


@router.post(
    "/peps/{pep_id}/meeting/invitations",
    summary="Invite somebody more",
    status_code=201,
    response_model=Invited,
    responses=CHANGE_RESPONSES,
)
async def invite(pep_id: UUID, command: Invite, change: Changing, request: Request) -> JSONResponse:
    """Invite one more person, by account or by email address."""
    scene = await scene_of(request, change.principal, pep_id)
    role = scene.arranger()
    settings = meeting_settings(scene.running.settings)
    seal = await sealer_for_request(scene.running.pool, settings)
    person = await person_of(scene, derived_id("meeting", pep_id), command.invitee, seal)
    return await carry_out(
        scene,
        change,
        role,
        lambda meeting: decide(meeting, person, scene.now),
        more=lambda _: {"invitation_id": str(person.invitation_id)},
        status=201,
    )
