"""First-time registration (B03-B05): an authority, details, and a link that comes by mail."""

from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from web_portal.problems import InvalidError, ThrottledError
from web_portal.web.answers import Answers, read, saved
from web_portal.web.forms import show
from web_portal.web.questions import Option, Question
from web_portal.web.visit import AnyVisit, Visit
from web_portal.web.waiting import please_wait

routes = APIRouter(prefix="/register")
WHERE = Question(
    key="authority",
    label="Which authority looks after the children you work with?",
    type="choice",
    mandatory=True,
    blank="Choose an authority",
    hint="If you work with several, choose one now. You can ask the others later.",
)


def questions_for(option: dict[str, Any]) -> list[Question]:
    """Return what an authority has to know of somebody who asks for access."""
    roles = tuple(Option(value=r["value"], label=r["label"]) for r in option["roles"])
    return [
        Question(
            key="name",
            label="Full name",
            type="line",
            mandatory=True,
            blank="Enter your full name",
            autocomplete="name",
        ),
        Question(
            key="email",
            label="Work email address",
            type="email",
            mandatory=True,
            blank="Enter your work email address",
            hint="We send a link to it. Carers and parents use their own address.",
            autocomplete="email",
        ),
        Question(
            key="phone",
            label="Phone number",
            type="line",
            mandatory=True,
            blank="Enter a phone number",
            hint="The virtual school may ring to check who you are.",
            width="govuk-input--width-20",
            autocomplete="tel",
        ),
        Question(
            key="role",
            label="What do you do?",
            type="choice",
            mandatory=True,
            blank="Choose what you do",
            choices=roles,
        ),
        Question(
            key="setting_urn",
            label="School or setting",
            type="line",
            hint="Its six-digit URN, if you work in a school or setting, like 103456.",
            width="govuk-input--width-10",
        ),
        Question(key="team", label="Team", type="line", hint="If you work in a social work team."),
        Question(key="job_title", label="Job title (optional)", type="line"),
    ]


async def _options(visit: Visit) -> list[dict[str, Any]]:
    found = await visit.call.get("identity", "/registration-options")
    return list(found.json["authorities"])


async def _option(visit: Visit, code: Any) -> dict[str, Any] | None:
    options = await _options(visit)
    if len(options) == 1:
        return options[0]
    return next((each for each in options if each["code"] == code), None)


@routes.get("")
async def register(visit: AnyVisit) -> Response:
    """Ask for the authority, then for the person's details."""
    if visit.session.account is not None:
        return visit.go("/")
    code = visit.request.query_params.get("authority")
    option = await _option(visit, code)
    if option is None:
        return await _where(visit, blank=code is not None)
    return await _details(visit, option, saved(questions_for(option)))


async def _where(visit: Visit, *, blank: bool) -> Response:
    choices = tuple(Option(value=o["code"], label=o["name"]) for o in await _options(visit))
    question = WHERE.model_copy(update={"choices": choices})
    errors = {WHERE.key: str(WHERE.blank)} if blank else {}
    form = show([question], Answers(typed={WHERE.key: ""}, errors=errors))
    return await visit.page(
        "joining/authority.html",
        422 if blank else 200,
        title="Register for ePEP",
        form=form,
        back_link="/log-in",
    )


async def _details(
    visit: Visit, option: dict[str, Any], answers: Answers, status: int = 200
) -> Response:
    return await visit.page(
        "joining/details.html",
        status,
        title="Register for ePEP",
        form=show(questions_for(option), answers),
        option=option,
        back_link="/register" if "authority" in visit.request.query_params else "/log-in",
    )


@routes.post("")
async def send_details(visit: AnyVisit) -> Response:
    """Hand the details in. What is answered never tells whether the address has an account."""
    form = await visit.form()
    option = await _option(visit, form.get("authority"))
    if option is None:
        return await _where(visit, blank=True)
    answers = read(questions_for(option), form, all_needed=True)
    if answers.wrong:
        return await _details(visit, option, answers, 422)
    try:
        body = {**answers.values, "authority": option["code"]}
        await visit.call.change("identity", "POST", "/registrations", body)
    except InvalidError as error:
        answers.place(error.errors, error.detail)
        return await _details(visit, option, answers, 422)
    except ThrottledError as error:
        answers.general.append(please_wait(error))
        return await _details(visit, option, answers, 429)
    return visit.go("/register/sent")


@routes.get("/sent")
async def sent(visit: AnyVisit) -> Response:
    """Say what happens next."""
    return await visit.page("joining/sent.html", title="Check your email")
