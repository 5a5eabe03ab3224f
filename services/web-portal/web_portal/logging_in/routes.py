"""Logging in with a password and a code from an e-mail, staying in, and logging out."""

from typing import Any

import structlog
from fastapi import APIRouter
from starlette.responses import Response

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
from web_portal.web.questions import Question
from web_portal.web.visit import AnyVisit, Visit
from web_portal.web.waiting import please_wait

routes = APIRouter()
log = structlog.get_logger()
EMAIL = Question(
    key="email",
    label="Email address",
    type="email",
    mandatory=True,
    blank="Enter your email address",
    autocomplete="username",
)
CODE = Question(
    key="code",
    label="Six-digit code",
    type="line",
    mandatory=True,
    blank="Enter the code from the email",
)
NOT_RECOGNISED = "Email address or password not recognised"
CODE_WRONG = "That code is not right or has expired"


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
        title="Log in",
        form=show([EMAIL], answers),
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
    answers = read([EMAIL], form, all_needed=True)
    password = form.get("password")
    after = where_next(visit, form.get("next"))
    if not isinstance(password, str) or not password:
        answers.errors["password"] = "Enter your password"  # noqa: S105
    if answers.wrong:
        return await _log_in(visit, answers, after, 422)
    try:
        body = {"email": answers.values["email"], "password": password}
        login = (await visit.call.change("identity", "POST", "/logins", body)).json
    except (UnauthenticatedError, InvalidError):
        answers.general.append(NOT_RECOGNISED)
        return await _log_in(visit, answers, after, 422)
    except ThrottledError as error:
        answers.general.append(please_wait(error))
        return await _log_in(visit, answers, after, 429)
    visit.session.put("pending", {"login_id": login["login_id"], "next": after})
    return visit.go("/log-in/code")


@routes.get("/log-in/code")
async def code_page(visit: AnyVisit) -> Response:
    """Ask for the code from the e-mail."""
    if "pending" not in visit.session.data:
        return visit.go("/log-in")
    return await _code(visit, Answers(typed={"code": ""}))


async def _code(visit: Visit, answers: Answers, status: int = 200) -> Response:
    items = [{"text": text, "href": "#field-code"} for text in answers.general]
    items += [{"text": text, "href": "#field-code"} for text in answers.errors.values()]
    return await visit.page(
        "logging_in/code.html",
        status,
        title="Check your email",
        error_items=items,
        code_error=items[0]["text"] if items else None,
        back_link="/log-in",
    )


@routes.post("/log-in/code")
async def enter_code(visit: AnyVisit) -> Response:
    """Exchange the code for a session; the session's id changes, the person's draft waits."""
    pending = visit.session.data.get("pending")
    if pending is None:
        return visit.go("/log-in")
    answers = read([CODE], await visit.form(), all_needed=True)
    if answers.wrong:
        return await _code(visit, answers, 422)
    code = "".join(answers.values["code"].split())
    try:
        path = f"/logins/{pending['login_id']}/code"
        body = (await visit.call.change("identity", "POST", path, {"code": code})).json
    except (UnauthenticatedError, InvalidError):
        answers.errors["code"] = CODE_WRONG
        return await _code(visit, answers, 422)
    except ThrottledError as error:
        answers.errors["code"] = please_wait(error)
        return await _code(visit, answers, 429)
    await _begin(visit, body)
    return visit.go(pending["next"])


async def _begin(visit: Visit, body: dict[str, Any]) -> None:
    names = (
        "session_id",
        "session_secret",
        "access_token",
        "access_expires_at",
        "session_expires_at",
    )
    visit.session.rotate(visit.portal.clock())
    visit.session.data = {
        "identity": {name: body[name] for name in names},
        "account": body["account"],
    }
    await visit.portal.store.tidy(visit.portal.clock())


@routes.post("/log-in/code/resend")
async def send_again(visit: AnyVisit) -> Response:
    """Have another code sent; the one before is then worth nothing."""
    pending = visit.session.data.get("pending")
    if pending is None:
        return visit.go("/log-in")
    try:
        await visit.call.change("identity", "POST", f"/logins/{pending['login_id']}/resend", {})
    except ThrottledError as error:
        return await _code(
            visit, Answers(typed={"code": ""}, errors={"code": please_wait(error)}), 429
        )
    except UnauthenticatedError:
        return visit.go("/log-in")
    return visit.go(
        "/log-in/code", "We have sent a new code", "The code before it no longer works."
    )


@routes.post("/session/stay")
async def stay(visit: AnyVisit) -> Response:
    """Note that the person is still there."""
    if visit.session.account is None:
        return Response(status_code=401)
    visit.session.last_seen_at, visit.session.changed = visit.portal.clock(), True
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
    return await visit.page("logging_in/logged_out.html", title="You are logged out")
