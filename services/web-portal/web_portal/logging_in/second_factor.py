"""The second factor: a mailed code, an authenticator app, a passkey or a recovery code."""

from typing import Any

import orjson
from fastapi import APIRouter
from starlette.responses import JSONResponse, Response

from web_portal.logging_in.steps import give, pending_of
from web_portal.problems import InvalidError, ThrottledError, UnauthenticatedError
from web_portal.web.language import N_, _
from web_portal.web.visit import AnyVisit, Visit
from web_portal.web.waiting import not_so_soon, please_wait

routes = APIRouter(prefix="/log-in")
NOT_RIGHT = N_("That code is not right or has expired")
PAGES = {
    "code": (N_("Check your email"), N_("Six-digit code"), N_("Enter the code from the email")),
    "totp": (
        N_("Authenticator app"),
        N_("Six-digit code"),
        N_("Enter the code that the app shows"),
    ),
    "recovery-code": (
        N_("Recovery code"),
        N_("Recovery code"),
        N_("Enter one of your recovery codes"),
    ),
}
WAYS = {
    "code": ("code", "/log-in/code", N_("Use a code by email")),
    "totp": ("totp", "/log-in/app", N_("Use your authenticator app")),
    "passkey": ("passkey", "/log-in/passkey", N_("Use your passkey")),
    "recovery_code": ("recovery-code", "/log-in/recovery-code", N_("Use a recovery code")),
}
FACTORS = {path: name for name, path, _words in WAYS.values()}


def _others(pending: dict[str, Any], factor: str) -> list[tuple[str, str]]:
    """Return the other ways that the person has, as (address, words)."""
    ways = [WAYS[name] for name in pending["factors"] if name in WAYS]
    return [(path, _(words)) for name, path, words in ways if name != factor]


async def _page(
    visit: Visit, pending: dict[str, Any], factor: str, error: str = "", status: int = 200
) -> Response:
    title, label, _error = PAGES[factor]
    return await visit.page(
        "logging_in/code.html",
        status,
        title=_(title),
        label=_(label),
        factor=factor,
        others=_others(pending, factor),
        remember_days=0 if factor == "recovery-code" else pending["may_remember_days"],
        error_items=[{"text": error, "href": "#field-code"}] if error else [],
        back_link="/log-in",
    )


async def _show(visit: Visit, factor: str) -> Response:
    pending = pending_of(visit)
    if pending is None or (pending["declarations"] and not pending["factors"]):
        return visit.go("/log-in")
    return await _page(visit, pending, factor)


async def _take(visit: Visit, factor: str) -> Response:
    pending = pending_of(visit)
    if pending is None:
        return visit.go("/log-in")
    form = await visit.form()
    typed = form.get("code")
    code = "".join(typed.split()) if isinstance(typed, str) else ""
    if not code:
        return await _page(visit, pending, factor, _(PAGES[factor][2]), 422)
    body: dict[str, Any] = {"code": code}
    if factor != "recovery-code":
        body["remember_device"] = form.get("remember") == "yes"
    try:
        return await give(visit, pending, factor, body)
    except (UnauthenticatedError, InvalidError):
        return await _page(visit, pending, factor, _(NOT_RIGHT), 422)
    except ThrottledError as error:
        return await _page(visit, pending, factor, please_wait(error), 429)


@routes.get("/code")
@routes.get("/app")
@routes.get("/recovery-code")
async def code_page(visit: AnyVisit) -> Response:
    """Ask for the code from the e-mail, the app's, or one that the person has written down."""
    return await _show(visit, FACTORS[visit.path])


@routes.post("/code")
@routes.post("/app")
@routes.post("/recovery-code")
async def give_code(visit: AnyVisit) -> Response:
    """Exchange the code for a session."""
    return await _take(visit, FACTORS[visit.path])


@routes.post("/code/resend")
async def send_again(visit: AnyVisit) -> Response:
    """Have another code sent; the one before is then worth nothing."""
    pending = pending_of(visit)
    if pending is None:
        return visit.go("/log-in")
    try:
        await visit.call.change("identity", "POST", f"/logins/{pending['login_id']}/resend", {})
    except ThrottledError as error:
        return await _page(visit, pending, "code", not_so_soon(error), 429)
    except UnauthenticatedError:
        return visit.go("/log-in")
    return visit.go(
        "/log-in/code", _("We have sent a new code"), _("The code before it no longer works.")
    )


@routes.get("/passkey")
async def passkey_page(visit: AnyVisit) -> Response:
    """Ask for the passkey; without scripts, or without it at hand, the other ways are named."""
    pending = pending_of(visit)
    if pending is None:
        return visit.go("/log-in")
    return await visit.page(
        "logging_in/passkey.html",
        title=_("Use your passkey"),
        others=_others(pending, "passkey"),
        remember_days=pending["may_remember_days"],
        back_link="/log-in",
    )


@routes.post("/passkey/options")
async def passkey_options(visit: AnyVisit) -> Response:
    """Return what the passkey is to sign, for the page's script."""
    pending = pending_of(visit)
    if pending is None:
        return JSONResponse({}, 401)
    try:
        path = f"/logins/{pending['login_id']}/passkey/options"
        return JSONResponse((await visit.call.change("identity", "POST", path, {})).json)
    except (UnauthenticatedError, InvalidError, ThrottledError):
        return JSONResponse({}, 401)


@routes.post("/passkey")
async def give_passkey(visit: AnyVisit) -> Response:
    """Exchange what the passkey signed for a session."""
    pending = pending_of(visit)
    if pending is None:
        return visit.go("/log-in")
    form = await visit.form()
    try:
        body = {
            "credential": orjson.loads(str(form.get("credential") or "")),
            "remember_device": form.get("remember") == "yes",
        }
        return await give(visit, pending, "passkey", body)
    except (orjson.JSONDecodeError, UnauthenticatedError, InvalidError, ThrottledError):
        return visit.go(
            "/log-in/passkey",
            _("That did not work"),
            _("Try again, or use another way."),
            neutral=True,
        )
