"""My invitations to PEP meetings and my answers."""

from typing import Any
from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from web_portal.invitations.answer_form import answer_body, answer_questions, read_answer
from web_portal.problems import InvalidError, NotFoundError, RefusedError
from web_portal.web.answers import Answers, read, saved
from web_portal.web.formatting import as_moment
from web_portal.web.forms import show
from web_portal.web.language import _
from web_portal.web.visit import SignedIn, Visit

routes = APIRouter()


@routes.get("/invitations")
async def invitations(visit: SignedIn) -> Response:
    """List my invitations: those that lie ahead first."""
    listed = (await visit.call.get("meeting", "/invitations")).json
    now = visit.portal.clock()
    ahead: list[dict[str, Any]] = []
    before: list[dict[str, Any]] = []
    for each in listed["invitations"]:
        waits = each["may"]["respond"] or as_moment(each["starts_at"]) >= now
        (ahead if waits else before).append(each)
    return await visit.page(
        "invitations/list.html",
        title=_("PEP meeting invitations"),
        section="invitations",
        ahead=ahead,
        before=before,
    )


async def _mine(visit: Visit, invitation_id: UUID) -> dict[str, Any]:
    listed = (await visit.call.get("meeting", "/invitations")).json["invitations"]
    for each in listed:
        if each["invitation_id"] == str(invitation_id):
            return dict(each)
    raise NotFoundError(404)


@routes.get("/invitations/{invitation_id}")
async def invitation(visit: SignedIn, invitation_id: UUID) -> Response:
    """Show one invitation with the form for my answer."""
    found = await _mine(visit, invitation_id)
    asked, draft = answer_questions(found), await visit.draft()
    return await _form(visit, found, read(asked, draft) if draft else saved(asked))


async def _form(
    visit: Visit, found: dict[str, Any], answers: Answers, status: int = 200
) -> Response:
    return await visit.page(
        "invitations/answer.html",
        status,
        title=_("Answer an invitation"),
        section="invitations",
        invitation=found,
        form=show(answer_questions(found), answers),
        crumbs=[(_("PEP meeting invitations"), "/invitations")],
    )


@routes.post("/invitations/{invitation_id}")
async def answer(visit: SignedIn, invitation_id: UUID) -> Response:
    """Send my answer; the organiser is told."""
    found = await _mine(visit, invitation_id)
    answers = read_answer(answer_questions(found), await visit.form())
    if answers.wrong:
        return await _form(visit, found, answers, 422)
    try:
        await visit.call.change(
            "meeting",
            "POST",
            f"/invitations/{invitation_id}/response",
            answer_body(answers.values),
            key=await visit.request_key(),
        )
    except (InvalidError, RefusedError) as error:
        answers.place(error.errors, error.detail)
        return await _form(visit, found, answers, error.status)
    visit.recount_waiting()
    return await visit.saved("/invitations", _("Answer sent"), _("The organiser has been told."))
