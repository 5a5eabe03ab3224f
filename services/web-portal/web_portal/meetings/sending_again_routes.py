"""Sending an invitation again whose mail failed, or of which nobody knows whether it arrived."""

from typing import Any
from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from web_portal.meetings.shell import load_meeting
from web_portal.peps.shell import Plan
from web_portal.problems import InvalidError, NotFoundError, RefusedError
from web_portal.web.answers import Answers, read, saved
from web_portal.web.forms import show
from web_portal.web.language import _
from web_portal.web.questions import Question
from web_portal.web.visit import SignedIn, Visit

routes = APIRouter(prefix="/peps")


def address_questions(invitation: dict[str, Any]) -> list[Question]:
    """Return the one question, where to; none where an account says where to."""
    if invitation["account_id"]:
        return []
    return [
        Question(
            key="email",
            label=_("Their email address"),
            type="email",
            mandatory=True,
            autocomplete="off",
            hint=_("Correct it if it is wrong: the link in the first email then stops working"),
            value=invitation["email"],
            blank=_("Enter their email address"),
        )
    ]


def _invitation(meeting: dict[str, Any], invitation_id: UUID) -> dict[str, Any]:
    wanted = str(invitation_id)
    found = (each for each in meeting["invitations"] if each["invitation_id"] == wanted)
    invitation = next(found, None)
    if invitation is None:
        raise NotFoundError(404)
    return dict(invitation)


async def _form(
    visit: Visit,
    plan: Plan,
    version: int | None,
    invitation: dict[str, Any],
    answers: Answers,
    status: int = 200,
) -> Response:
    return await visit.page(
        "meetings/send_again.html",
        status,
        invitation=invitation,
        form=show(address_questions(invitation), answers),
        version=version,
        unsaved=status != 200,
        **plan.frame("meeting", _("Send the invitation again")),
    )


@routes.get("/{pep_id}/meeting/invitations/{invitation_id}/again")
async def ask_to_send_again(visit: SignedIn, pep_id: UUID, invitation_id: UUID) -> Response:
    """Say what is known of the mail, and ask where to send it again."""
    plan, meeting = await load_meeting(visit, pep_id)
    invitation = _invitation(meeting, invitation_id)
    if not invitation.get("may_send_again"):
        said = _("This invitation needs no sending again: see below what became of it")
        return visit.go(f"{plan.path}/meeting", said)
    answers = saved(address_questions(invitation))
    return await _form(visit, plan, int(meeting["version"]), invitation, answers)


@routes.post("/{pep_id}/meeting/invitations/{invitation_id}/again")
async def send_again(visit: SignedIn, pep_id: UUID, invitation_id: UUID) -> Response:
    """Send it again; mistakes come back at the question."""
    plan, meeting = await load_meeting(visit, pep_id)
    opened = await visit.version()
    back = f"{plan.path}/meeting"
    try:
        invitation = _invitation(meeting, invitation_id)
    except NotFoundError:  # corrected a moment ago, in another window
        return visit.go(back, _("This invitation has been sent to another address meanwhile"))
    asked = address_questions(invitation)
    answers = read(asked, await visit.form(), all_needed=True)
    if answers.wrong:
        return await _form(visit, plan, opened, invitation, answers, 422)
    try:
        await visit.call.change(
            "meeting",
            "POST",
            f"/peps/{pep_id}/meeting/invitations/{invitation_id}/mail",
            {"email": answers.values.get("email")},
            version=opened,
            key=await visit.request_key(),
        )
    except (InvalidError, RefusedError) as error:
        answers.place(error.errors, error.detail)
        return await _form(visit, plan, opened, invitation, answers, error.status)
    return await visit.saved(back, _("Invitation on its way again"))
