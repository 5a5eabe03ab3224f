"""What follows the password: declarations, then one of the person's second factors.

Identity says which step is next; what it said is kept in the session until the last one is taken.
"""

from typing import Any

from starlette.responses import RedirectResponse

from web_portal.problems import InvalidError, UnauthenticatedError
from web_portal.web.language import _
from web_portal.web.visit import Visit

DEVICE_COOKIE = "__Host-device"
DEVICE_SECONDS = 180 * 24 * 3600
STEPS = {
    "declarations": "/log-in/declarations",
    "code": "/log-in/code",
    "totp": "/log-in/app",
    "passkey": "/log-in/passkey",
}
LOGGED_IN = (
    "session_id",
    "session_secret",
    "access_token",
    "access_expires_at",
    "session_expires_at",
)


def device_token(visit: Visit) -> str | None:
    """Return the secret by which this browser is known again, if it has one."""
    return visit.request.cookies.get(DEVICE_COOKIE)


def pending_of(visit: Visit) -> dict[str, Any] | None:
    """Return the log-in under way: {login_id, after, factors, declarations, may_remember_days}."""
    found: dict[str, Any] | None = visit.session.data.get("pending")
    return found


async def go_on(visit: Visit, after: str, login: dict[str, Any]) -> RedirectResponse:
    """Keep what identity says is next and lead there; a remembered device asks nothing more."""
    kept = ("login_id", "factors", "declarations", "may_remember_days")
    pending = {**{name: login[name] for name in kept}, "after": after}
    visit.session.put("pending", pending)
    if login["next"] == "device":
        given = {"device_token": device_token(visit)}
        try:
            return await give(visit, pending, "device", given)
        except (UnauthenticatedError, InvalidError):
            return visit.go("/log-in", _("Please log in again"))
    return visit.go(STEPS[login["next"]])


async def give(
    visit: Visit, pending: dict[str, Any], factor: str, body: dict[str, Any]
) -> RedirectResponse:
    """Give identity a second factor and begin the session.

    The session's id changes, so that one planted before is worth nothing. Raises
    UnauthenticatedError, InvalidError, ThrottledError.
    """
    path = f"/logins/{pending['login_id']}/{factor}"
    found = (await visit.call.change("identity", "POST", path, body)).json
    visit.session.rotate(visit.portal.clock())
    visit.session.data = {
        "identity": {name: found[name] for name in LOGGED_IN},
        "account": found["account"],
    }
    await visit.portal.store.tidy(visit.portal.clock())
    answer = visit.go(pending["after"])
    answer.set_cookie(
        DEVICE_COOKIE,
        found["device_token"],
        max_age=DEVICE_SECONDS,
        secure=True,
        httponly=True,
        samesite="lax",
    )
    return answer
