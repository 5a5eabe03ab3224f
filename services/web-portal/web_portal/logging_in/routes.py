"""Beginning to log in with a password, staying in, and logging out."""

from typing import Any

import structlog
from fastapi import APIRouter
from starlette.responses import Response

from web_portal.logging_in.steps import device_token, go_on
from web_portal.problems import (
    InvalidError,
    ServiceProblemError,
    SessionEndedError,
    ThrottledError,
    UnauthenticatedError,
)
from web_portal.web.answers import Answers, read
from web_portal.web.errors import form_page
from web_portal.web.forms import show
from web_portal.web.language import N_, _
from web_portal.web.questions import Question
from web_portal.web.visit import AnyVisit, Visit
from web_portal.web.waiting import please_wait

routes = APIRouter()
log = structlog.get_logger()


def _email() -> Question:
    return Question(
        key="email",
        label=_("Email address"),
        type="email",
        mandatory=True,
        blank=_("Enter your email address"),
        autocomplete="username",
    )


NOT_RECOGNISED = N_("Email address or password not recognised")


def where_next(visit: Visit, wanted: Any) -> str:
    """Return an address of our own to go to after log-in: never another site's."""
    if not isinstance(wanted, str) or not wanted.startswith("/") or wanted.startswith("//"):
        return "/"
    path, _, query = wanted.partition("?")
    if "\\" in path or form_page(visit.request, path) != path:
        return "/"
    return f"{path}?{query}" if query else path


@routes.get("/log-in")
async def log_in_page(visit: AnyVisit) -> Response:
    """Show the log-in form; who is logged in goes home."""
    asked = visit.request.query_params
    if visit.session.account is not None:
        return visit.go(where_next(visit, asked.get("next")))
    return await _log_in(visit, Answers(typed={"email": ""}), asked.get("next") or "/")


async def _log_in(visit: Visit, answers: Answers, after: str, status: int = 200) -> Response:
    asked = visit.request.query_params
    return await visit.page(
        "logging_in/log_in.html",
        status,
        title=_("Log in"),
        form=show([_email()], answers),
        password_error=answers.errors.get("password"),
        error_items=_summary(answers),
        after=after,
        ended="ended" in asked,
        kept="kept" in asked,
    )


def _summary(answers: Answers) -> list[dict[str, str]]:
    items = [{"text": text, "href": "#field-email"} for text in answers.general]
    targets = {"email": "#field-email", "password": "#password", "code": "#field-code"}
    return items + [{"text": text, "href": targets[k]} for k, text in answers.errors.items()]


@routes.post("/log-in")
async def log_in(visit: AnyVisit) -> Response:
    """Check address and password; a code is on its way when they fit."""
    form = await visit.form()
    answers = read([_email()], form, all_needed=True)
    password = form.get("password")
    after = where_next(visit, form.get("next"))
    if not isinstance(password, str) or not password:
        answers.errors["password"] = _("Enter your password")
    if answers.wrong:
        return await _log_in(visit, answers, after, 422)
    try:
        body = {"email": answers.values["email"], "password": password}
        if known := device_token(visit):
            body["device_token"] = known
        login = (await visit.call.change("identity", "POST", "/logins", body)).json
    except (UnauthenticatedError, InvalidError):
        answers.general.append(_(NOT_RECOGNISED))
        return await _log_in(visit, answers, after, 422)
    except ThrottledError as error:
        answers.general.append(please_wait(error))
        return await _log_in(visit, answers, after, 429)
    return await go_on(visit, after, login)


@routes.post("/session/stay")
async def stay(visit: AnyVisit) -> Response:
    """Note that the person is still there, here and at the identity service.

    Identity counts for itself: a token that has run out is renewed on the way, which it takes as
    activity. While it is away only the portal waits longer.
    """
    if visit.session.account is None:
        return Response(status_code=401)
    visit.session.last_seen_at, visit.session.changed = visit.portal.clock(), True
    try:
        await visit.call.get("identity", "/me", seconds=5.0)
    except SessionEndedError:
        return Response(status_code=401)
    except ServiceProblemError as error:
        log.warning("identity was not told that somebody stays", error=type(error).__name__)
    return Response(status_code=204)


@routes.post("/log-out")
async def log_out(visit: AnyVisit) -> Response:
    """End the session here and at the identity service, and clear the browser's copies."""
    identity = visit.session.data.get("identity")
    if identity is not None:
        proof = {name: identity[name] for name in ("session_id", "session_secret")}
        visit.session.data.pop("identity")
        try:
            await visit.call.change("identity", "POST", "/sessions/end", proof)
        except (ServiceProblemError, SessionEndedError) as error:
            log.warning("session not ended at the identity service", error=type(error).__name__)
    visit.session.end()
    answer = visit.go("/logged-out")
    answer.headers["Clear-Site-Data"] = '"cache", "storage"'
    return answer


@routes.get("/logged-out")
async def logged_out(visit: AnyVisit) -> Response:
    """Confirm that nobody is logged in."""
    return await visit.page("logging_in/logged_out.html", title=_("You are logged out"))
