"""Pages that anybody may read: help, cookies, privacy, accessibility."""

from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from web_portal.problems import ServiceProblemError
from web_portal.web.language import _
from web_portal.web.visit import AnyVisit, Visit

routes = APIRouter()


@routes.get("/help")
async def help_page(visit: AnyVisit) -> Response:
    """Say who helps with what, and how to reach each authority's virtual school."""
    return await visit.page(
        "information/help.html", title=_("Help and contact"), contacts=await _contacts(visit)
    )


async def _contacts(visit: Visit) -> list[dict[str, Any]]:
    """Return the virtual schools, the person's own first; none while identity is away.

    The page must open when something is broken: that is when it is read.
    """
    grants = (visit.session.account or {}).get("grants", [])
    own = {each["authority"] for each in grants}
    try:
        found = await visit.call.get("identity", "/registration-options", seconds=2.0)
    except ServiceProblemError:
        return []
    return sorted(found.json["authorities"], key=lambda each: each["code"] not in own)


@routes.get("/cookies")
async def cookies(visit: AnyVisit) -> Response:
    """Name the cookies, all of them needed."""
    return await visit.page("information/cookies.html", title=_("Cookies"))


@routes.get("/terms")
async def terms(visit: AnyVisit) -> Response:
    """Show what is agreed to at the first log-in: acceptable use, and the terms (B10, B11)."""
    return await visit.page("information/terms.html", title=_("Terms and acceptable use"))


@routes.get("/privacy")
async def privacy(visit: AnyVisit) -> Response:
    """Say what is kept and why."""
    return await visit.page("information/privacy.html", title=_("Privacy"))


@routes.get("/accessibility")
async def accessibility(visit: AnyVisit) -> Response:
    """State how accessible ePEP is and how that was checked."""
    return await visit.page("information/accessibility.html", title=_("Accessibility statement"))
