"""The pages that mailed links lead to.

Opening one changes nothing, because mail scanners open every link: the page has a button. A link
that is unknown, used or run out gets one answer, with what to do then.
"""

from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from web_portal.problems import InvalidError, NotFoundError, RefusedError
from web_portal.web.language import _
from web_portal.web.visit import AnyVisit, Visit

routes = APIRouter()


@dataclass(frozen=True, slots=True)
class Purpose:
    """What a kind of link is for: where its button's form goes, and where that is answered."""

    title: str
    button: str
    answers: str
    done: str


def _register() -> Purpose:
    return Purpose(
        _("Choose a password"),
        _("Confirm and continue"),
        "/registrations/confirm",
        _("Your address is confirmed"),
    )


def _reset() -> Purpose:
    return Purpose(
        _("Choose a new password"),
        _("Save the new password"),
        "/forgotten-password/confirm",
        _("Your password is changed"),
    )


def _welcome() -> Purpose:
    return Purpose(
        _("Welcome to ePEP"),
        _("Save the password"),
        "/forgotten-password/confirm",
        _("Your password is saved"),
    )


def _purposes() -> dict[str, Purpose]:
    return {
        "/register/confirm": _register(),
        "/forgotten-password": _reset(),
        "/welcome": _welcome(),
    }


def _new_address() -> Purpose:
    return Purpose(
        _("Confirm your email address"), _("Confirm"), "/email-changes/confirm", _("Thank you")
    )


def _not_me() -> dict[str, Purpose]:
    return {
        "not_me": Purpose(
            _("This was not me"), _("Stop this log-in"), "/logins/not-me", _("It is stopped")
        ),
        "email_change_not_me": Purpose(
            _("This was not me"),
            _("Keep my address"),
            "/email-changes/not-me",
            _("Your address stays"),
        ),
    }


DEAD_LINK = "joining/dead_link.html"


async def _look(visit: Visit, token: str) -> dict[str, Any] | None:
    try:
        found = await visit.call.change("identity", "POST", "/links", {"token": token})
    except (NotFoundError, InvalidError):
        return None
    return dict(found.json)


async def _dead(visit: Visit) -> Response:
    return await visit.page(DEAD_LINK, 404, title=_("This link does not work any more"), quiet=True)


async def _password_page(visit: Visit, token: str, purpose: Purpose, error: str = "") -> Response:
    link = await _look(visit, token)
    if link is None or not link["needs_password"]:
        return await _dead(visit)
    items = [{"text": error, "href": "#password"}] if error else []
    return await visit.page(
        "joining/password.html",
        422 if error else 200,
        title=purpose.title,
        purpose=purpose,
        link=link,
        error_items=items,
        quiet=True,
    )


async def _save_password(visit: Visit, token: str, purpose: Purpose) -> Response:
    password = (await visit.form()).get("password")
    if not isinstance(password, str) or not password:
        return await _password_page(visit, token, purpose, _("Enter a password"))
    body = {"token": token, "password": password}
    try:
        done = (await visit.call.change("identity", "POST", purpose.answers, body)).json
    except InvalidError as error:
        return await _password_page(visit, token, purpose, error.words)
    except NotFoundError:
        return await _dead(visit)
    words = _("Log in with your address and the password.")
    if done.get("state") == "waiting":
        words = _(
            "Log in with your address and the password. The virtual school has been"
            " told that you wait for access."
        )
    return visit.go("/log-in", purpose.done, words)


@routes.get("/register/confirm/{token}")
@routes.get("/forgotten-password/{token}")
@routes.get("/welcome/{token}")
async def password_page(visit: AnyVisit, token: str) -> Response:
    """Ask for the password of a new account, or for a new one."""
    return await _password_page(visit, token, _with_password(visit))


@routes.post("/register/confirm/{token}")
@routes.post("/forgotten-password/{token}")
@routes.post("/welcome/{token}")
async def save_password(visit: AnyVisit, token: str) -> Response:
    """Save the password, which uses the link up; nobody is logged in by it."""
    return await _save_password(visit, token, _with_password(visit))


def _with_password(visit: Visit) -> Purpose:
    return _purposes()[visit.path.rpartition("/")[0]]


async def _button_page(visit: Visit, link: dict[str, Any], purpose: Purpose) -> Response:
    return await visit.page(
        "joining/button.html", title=purpose.title, purpose=purpose, link=link, quiet=True
    )


async def _press(visit: Visit, token: str, purpose: Purpose) -> dict[str, Any] | None:
    try:
        return dict((await visit.call.change(
            "identity", "POST", purpose.answers, {"token": token})).json or {})  # fmt: skip
    except (NotFoundError, InvalidError, RefusedError):
        return None


async def _done(visit: Visit, purpose: Purpose, text: str) -> Response:
    return await visit.page("joining/done.html", title=purpose.done, text=text, quiet=True)


@routes.get("/account/email/confirm/{token}")
async def confirm_address_page(visit: AnyVisit, token: str) -> Response:
    """Show which address is to be confirmed."""
    link = await _look(visit, token)
    return await _button_page(visit, link, _new_address()) if link else await _dead(visit)


@routes.post("/account/email/confirm/{token}")
async def confirm_address(visit: AnyVisit, token: str) -> Response:
    """Confirm a new address from one of the two mailboxes; the other has to confirm, too."""
    found = await _press(visit, token, _new_address())
    if found is None:
        return await _dead(visit)
    changed = found.get("state") == "changed"
    return await _done(
        visit,
        _new_address(),
        _("Your email address is changed. Use the new one to log in from now on.")
        if changed
        else _("Now open the link that we sent to your other address. Both have to be confirmed."),
    )


@routes.get("/not-me/{token}")
async def not_me_page(visit: AnyVisit, token: str) -> Response:
    """Say what the button stops."""
    link = await _look(visit, token)
    purpose = _not_me().get(link["kind"]) if link else None
    return await _button_page(visit, link, purpose) if link and purpose else await _dead(visit)


@routes.post("/not-me/{token}")
async def not_me(visit: AnyVisit, token: str) -> Response:
    """Stop a log-in or a change of address that the person did not ask for."""
    link = await _look(visit, token)
    purpose = _not_me().get(link["kind"]) if link else None
    if purpose is None or await _press(visit, token, purpose) is None:
        return await _dead(visit)
    return await _done(
        visit,
        purpose,
        _(
            "Somebody knows your password. Choose a new one now: use “Forgotten password” on the"
            " log-in page. The virtual school has been told."
        ),
    )
