"""Answering an invitation by the link in its e-mail, without an account.

Opening the link changes nothing, because mail scanners open links too; only the form's button
does.
"""

from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from web_portal.invitations.answer_form import answer_body, answer_questions, read_answer
from web_portal.problems import InvalidError, RefusedError, UnavailableError
from web_portal.web.answers import Answers, saved
from web_portal.web.forms import show
from web_portal.web.language import _
from web_portal.web.visit import AnyVisit, Visit

routes = APIRouter(prefix="/invitations/answer")


async def _found(visit: Visit, token: str) -> dict[str, Any]:
    found = await visit.call.change("meeting", "POST", "/invitation-links", {"token": token})
    body: dict[str, Any] = found.json
    return dict(body.get("invitation") or body)


@routes.get("/{token}")
async def by_link(visit: AnyVisit, token: str) -> Response:
    """Show the invitation that the link belongs to."""
    found = await _found(visit, token)
    return await _form(visit, found, saved(answer_questions(found)))


async def _form(
    visit: Visit, found: dict[str, Any], answers: Answers, status: int = 200
) -> Response:
    return await visit.page(
        "invitations/answer.html",
        status,
        title=_("Answer an invitation"),
        invitation=found,
        form=show(answer_questions(found), answers),
        by_link=True,
    )


@routes.post("/{token}")
async def answer_by_link(visit: AnyVisit, token: str) -> Response:
    """Send the answer."""
    found = await _found(visit, token)
    answers = read_answer(answer_questions(found), await visit.form())
    if answers.wrong:
        return await _form(visit, found, answers, 422)
    body = {"token": token, **answer_body(answers.values)}
    try:
        await visit.call.change(
            "meeting", "POST", "/invitation-links/response", body, key=await visit.request_key()
        )
    except (InvalidError, RefusedError) as error:
        answers.place(error.errors, error.detail)
        return await _form(visit, found, answers, error.status)
    except UnavailableError:
        answers.general.append(_("Your answer could not be sent just now. Try again in a minute"))
        return await _form(visit, found, answers, 503)
    visit.session.put("answered", answers.values["answer"])
    return visit.go("/invitations/answer/done/thank-you")


@routes.get("/done/thank-you")
async def thank_you(visit: AnyVisit) -> Response:
    """Confirm that the answer was sent."""
    return await visit.page("invitations/answered.html", title=_("Answer sent"))
