"""My account at a glance, and giving the password once more before something important."""

import asyncio
from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from web_portal.logging_in.routes import where_next
from web_portal.problems import InvalidError, NotFoundError, ThrottledError, UnavailableError
from web_portal.web.language import _, ngettext
from web_portal.web.visit import SignedIn, Visit
from web_portal.web.waiting import please_wait

routes = APIRouter(prefix="/account")


@routes.get("")
async def account(visit: SignedIn) -> Response:
    """Show who the person is here, what they may do, and how their account is kept safe."""
    me, factors, sessions, mails = await asyncio.gather(
        visit.call.get("identity", "/me"),
        visit.call.get("identity", "/me/factors"),
        visit.call.get("identity", "/me/sessions"),
        _mails(visit),
    )
    return await visit.page(
        "account/overview.html",
        title=_("My account"),
        section="account",
        me=me.json,
        factors=factors.json["factors"],
        sessions=sessions.json["sessions"],
        mails=mails,
    )


async def _mails(visit: Visit) -> str:
    """Return how much is mailed, in words; the rest of the page does not wait for these."""
    try:
        answer = (await visit.call.get("notification", "/preferences")).json
    except (UnavailableError, NotFoundError):
        return _("As you choose")
    off = sum(not each["mailed"] for each in answer["choosable"])
    if not off:
        return _("All of them, once a day") if answer["daily"] else _("All of them")
    return ngettext(
        "All but %(num)s kind that you read in ePEP only",
        "All but %(num)s kinds that you read in ePEP only",
        off,
    )


@routes.get("/confirm")
async def confirm_page(visit: SignedIn) -> Response:
    """Ask for the password again."""
    return await _confirm(visit, visit.request.query_params.get("next"))


async def _confirm(visit: Visit, after: Any, error: str = "", status: int = 200) -> Response:
    return await visit.page(
        "account/confirm.html",
        status,
        title=_("Confirm that it is you"),
        section="account",
        after=where_next(visit, after),
        error_items=[{"text": error, "href": "#password"}] if error else [],
        back_link="/account",
    )


@routes.post("/confirm")
async def confirm(visit: SignedIn) -> Response:
    """Go back to what the person wanted to do; what they typed there is kept."""
    form = await visit.form()
    after, password = form.get("next"), form.get("password")
    if not isinstance(password, str) or not password:
        return await _confirm(visit, after, _("Enter your password"), 422)
    try:
        body = {"password": password}
        await visit.call.change("identity", "POST", "/me/reauthentication", body)
    except InvalidError:
        return await _confirm(visit, after, _("That is not your password"), 422)
    except ThrottledError as error:
        return await _confirm(visit, after, please_wait(error), 429)
    return visit.go(where_next(visit, after))
