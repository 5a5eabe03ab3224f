"""Forgotten password and forgotten e-mail address: asked here, answered only by mail."""

from fastapi import APIRouter
from starlette.responses import Response

from web_portal.problems import InvalidError, ThrottledError
from web_portal.web.answers import Answers, read, saved
from web_portal.web.forms import show
from web_portal.web.language import _
from web_portal.web.questions import Question
from web_portal.web.visit import AnyVisit, Visit
from web_portal.web.waiting import please_wait
from web_portal.web.your_name import your_name

routes = APIRouter()


def _for_password() -> list[Question]:
    return [
        Question(
            key="email",
            label=_("Email address"),
            type="email",
            mandatory=True,
            blank=_("Enter your email address"),
            autocomplete="username",
        )
    ]


def _for_address() -> list[Question]:
    return [
        your_name(),
        Question(
            key="setting",
            label=_("School, setting or team"),
            type="line",
            mandatory=True,
            blank=_("Enter your school, setting or team"),
            hint=_("As you gave it when you registered. For a school, its six-digit URN."),
        ),
        Question(
            key="phone",
            label=_("Phone number"),
            type="line",
            mandatory=True,
            blank=_("Enter your phone number"),
            width="govuk-input--width-20",
            autocomplete="tel",
        ),
    ]


def _forms() -> dict[str, tuple[list[Question], str, str, str]]:
    return {
        "/forgotten-password": (
            _for_password(),
            _("Forgotten password"),
            _("We send a link with which you choose a new password. It works once, for an hour."),
            _("Send me a link"),
        ),
        "/forgotten-email": (
            _for_address(),
            _("Forgotten email address"),
            _(
                "If we know you, we write to the address that you registered with."
                " It is never shown here."
            ),
            _("Send me my address"),
        ),
    }


async def _page(visit: Visit, answers: Answers, status: int = 200) -> Response:
    asked, title, lead, button = _forms()[visit.path]
    return await visit.page(
        "joining/forgotten.html",
        status,
        title=title,
        lead=lead,
        button=button,
        form=show(asked, answers),
        back_link="/log-in",
    )


@routes.get("/forgotten-password")
@routes.get("/forgotten-email")
async def forgotten_page(visit: AnyVisit) -> Response:
    """Ask who has forgotten."""
    return await _page(visit, saved(_forms()[visit.path][0]))


@routes.post("/forgotten-password")
@routes.post("/forgotten-email")
async def forgotten(visit: AnyVisit) -> Response:
    """Have a mail sent; the answer is the same whether or not there is an account."""
    questions = _forms()[visit.path][0]
    answers = read(questions, await visit.form(), all_needed=True)
    if answers.wrong:
        return await _page(visit, answers, 422)
    try:
        await visit.call.change("identity", "POST", visit.path, answers.values)
    except InvalidError as error:
        answers.place(error.errors, error.detail)
        return await _page(visit, answers, 422)
    except ThrottledError as error:
        answers.general.append(please_wait(error))
        return await _page(visit, answers, 429)
    return visit.go("/forgotten/sent")


@routes.get("/forgotten/sent")
async def sent(visit: AnyVisit) -> Response:
    """Say that a mail is on its way if the person is known."""
    return await visit.page("joining/forgotten_sent.html", title=_("Check your email"))
