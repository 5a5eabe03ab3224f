"""Asking for another role, in the same or another authority: one account serves them all (S27)."""

from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from web_portal.joining.registering import option, questions_for, where
from web_portal.problems import InvalidError, RefusedError
from web_portal.web.answers import Answers, read, saved
from web_portal.web.forms import show
from web_portal.web.language import N_, _
from web_portal.web.questions import Question
from web_portal.web.visit import SignedIn, Visit

routes = APIRouter(prefix="/account/access")
ASKED = {"role", "setting_urn", "team"}
TITLE = N_("Ask for access")


def _questions(chosen: dict[str, Any]) -> list[Question]:
    return [each for each in questions_for(chosen) if each.key in ASKED]


async def _page(
    visit: Visit, chosen: dict[str, Any], answers: Answers, status: int = 200
) -> Response:
    return await visit.page(
        "account/asking.html",
        status,
        title=_(TITLE),
        section="account",
        form=show(_questions(chosen), answers),
        option=chosen,
        back_link="/account",
    )


@routes.get("")
async def asking_page(visit: SignedIn) -> Response:
    """Ask for the authority, then for the role."""
    asked = visit.request.query_params
    chosen = await option(visit, asked.get("authority"))
    if chosen is None:
        return await where(visit, _(TITLE), blank="continued" in asked)
    return await _page(visit, chosen, saved(_questions(chosen)))


@routes.post("")
async def ask(visit: SignedIn) -> Response:
    """Put the request into that virtual school's queue."""
    form = await visit.form()
    chosen = await option(visit, form.get("authority"))
    if chosen is None:
        return await where(visit, _(TITLE), blank=True)
    answers = read(_questions(chosen), form, all_needed=True)
    if answers.wrong:
        return await _page(visit, chosen, answers, 422)
    body = {**answers.values, "authority": chosen["code"]}
    try:
        key = await visit.request_key()
        await visit.call.change("identity", "POST", "/me/registrations", body, key=key)
    except InvalidError as error:
        answers.place(error.errors, error.detail)
        return await _page(visit, chosen, answers, 422)
    except RefusedError as error:
        answers.general.append(error.detail.rstrip("."))
        return await _page(visit, chosen, answers, 422)
    words = _("%(name)s decides, and you get an email.", name=chosen["virtual_school_name"])
    return visit.go("/account", _("You have asked for access"), words)
