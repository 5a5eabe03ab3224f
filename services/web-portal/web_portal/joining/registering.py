"""First-time registration (B03-B05): an authority, details, and a link that comes by mail."""

from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from web_portal.problems import InvalidError, ThrottledError
from web_portal.web.answers import Answers, read, saved
from web_portal.web.forms import show
from web_portal.web.language import _
from web_portal.web.questions import Option, Question
from web_portal.web.visit import AnyVisit, Visit
from web_portal.web.waiting import please_wait
from web_portal.web.your_name import your_name

routes = APIRouter(prefix="/register")


def _where() -> Question:
    return Question(
        key="authority",
        label=_("Which authority looks after the children you work with?"),
        type="choice",
        mandatory=True,
        blank=_("Choose an authority"),
        hint=_("If you work with several, choose one now. You can ask the others later."),
    )


def questions_for(chosen: dict[str, Any]) -> list[Question]:
    """Return what an authority has to know of somebody who asks for access."""
    roles = tuple(Option(value=r["value"], label=r["label"]) for r in chosen["roles"])
    return [
        your_name(),
        Question(
            key="email",
            label=_("Work email address"),
            type="email",
            mandatory=True,
            blank=_("Enter your work email address"),
            hint=_("We send a link to it. Carers and parents use their own address."),
            autocomplete="email",
        ),
        Question(
            key="phone",
            label=_("Phone number"),
            type="line",
            mandatory=True,
            blank=_("Enter a phone number"),
            hint=_("The virtual school may ring to check who you are."),
            width="govuk-input--width-20",
            autocomplete="tel",
        ),
        Question(
            key="role",
            label=_("What do you do?"),
            type="choice",
            mandatory=True,
            blank=_("Choose what you do"),
            choices=roles,
        ),
        Question(
            key="setting_urn",
            label=_("School or setting"),
            type="line",
            hint=_("Its six-digit URN, if you work in a school or setting, like 103456."),
            width="govuk-input--width-10",
        ),
        Question(
            key="team", label=_("Team"), type="line", hint=_("If you work in a social work team.")
        ),
        Question(key="job_title", label=_("Job title (optional)"), type="line"),
    ]


async def options(visit: Visit) -> list[dict[str, Any]]:
    """Return the authorities that may be asked, each with its roles in its own words."""
    found = await visit.call.get("identity", "/registration-options")
    return list(found.json["authorities"])


async def option(visit: Visit, code: Any) -> dict[str, Any] | None:
    """Return the chosen authority; where there is only one, nobody need choose."""
    found = await options(visit)
    if len(found) == 1:
        return found[0]
    return next((each for each in found if each["code"] == code), None)


@routes.get("")
async def register(visit: AnyVisit) -> Response:
    """Ask for the authority, then for the person's details."""
    if visit.session.account is not None:
        return visit.go("/account/access")
    asked = visit.request.query_params
    chosen = await option(visit, asked.get("authority"))
    if chosen is None:
        return await where(visit, _("Register for ePEP"), blank="continued" in asked)
    return await _details(visit, chosen, saved(questions_for(chosen)))


async def where(visit: Visit, title: str, *, blank: bool) -> Response:
    """Ask for the authority; `blank` says that nothing was chosen."""
    choices = tuple(Option(value=o["code"], label=o["name"]) for o in await options(visit))
    question = _where().model_copy(update={"choices": choices})
    errors = {_where().key: str(_where().blank)} if blank else {}
    form = show([question], Answers(typed={_where().key: ""}, errors=errors))
    return await visit.page(
        "joining/authority.html",
        422 if blank else 200,
        title=title,
        form=form,
        back_link="/account" if visit.session.account else "/log-in",
    )


async def _details(
    visit: Visit, chosen: dict[str, Any], answers: Answers, status: int = 200
) -> Response:
    return await visit.page(
        "joining/details.html",
        status,
        title=_("Your details"),
        form=show(questions_for(chosen), answers),
        option=chosen,
        back_link="/register" if "authority" in visit.request.query_params else "/log-in",
    )


@routes.post("")
async def send_details(visit: AnyVisit) -> Response:
    """Hand the details in. What is answered never tells whether the address has an account."""
    form = await visit.form()
    chosen = await option(visit, form.get("authority"))
    if chosen is None:
        return await where(visit, _("Register for ePEP"), blank=True)
    answers = read(questions_for(chosen), form, all_needed=True)
    if answers.wrong:
        return await _details(visit, chosen, answers, 422)
    try:
        body = {**answers.values, "authority": chosen["code"]}
        await visit.call.change("identity", "POST", "/registrations", body)
    except InvalidError as error:
        answers.place(error.errors, error.detail)
        return await _details(visit, chosen, answers, 422)
    except ThrottledError as error:
        answers.general.append(please_wait(error))
        return await _details(visit, chosen, answers, 429)
    return visit.go("/register/sent")


@routes.get("/sent")
async def sent(visit: AnyVisit) -> Response:
    """Say what happens next."""
    return await visit.page("joining/sent.html", title=_("Check your email"))
