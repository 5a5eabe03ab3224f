"""Where I am logged in, and which devices need no second factor."""

import asyncio
from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from web_portal.web.language import _
from web_portal.web.visit import SignedIn

routes = APIRouter(prefix="/account/sessions")


@routes.get("")
async def sessions_page(visit: SignedIn) -> Response:
    """List sessions and remembered devices."""
    sessions, devices = await asyncio.gather(
        visit.call.get("identity", "/me/sessions"), visit.call.get("identity", "/me/devices")
    )
    return await visit.page(
        "account/sessions.html",
        title=_("Where you are logged in"),
        section="account",
        sessions=sessions.json["sessions"],
        devices=devices.json["devices"],
        back_link="/account",
    )


@routes.post("/others/end")
async def end_others(visit: SignedIn) -> Response:
    """Log out everywhere but here."""
    await visit.call.change("identity", "POST", "/me/sessions/end-others", {})
    return visit.go("/account/sessions", _("You are logged out everywhere else"))


@routes.post("/{session_id}/end")
async def end(visit: SignedIn, session_id: UUID) -> Response:
    """Log out in one place."""
    await visit.call.change("identity", "POST", f"/me/sessions/{session_id}/end", {})
    return visit.go("/account/sessions", _("That session is ended"))


@routes.post("/devices/{device_id}/removal")
async def forget(visit: SignedIn, device_id: UUID) -> Response:
    """Ask for the second factor on this device again."""
    await visit.call.change("identity", "DELETE", f"/me/devices/{device_id}", {})
    return visit.go("/account/sessions", _("That device is forgotten"))
