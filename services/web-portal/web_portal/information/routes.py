"""Pages that anybody may read: help, cookies, privacy, accessibility."""

from fastapi import APIRouter
from starlette.responses import Response

from web_portal.web.visit import AnyVisit

routes = APIRouter()


@routes.get("/help")
async def help_page(visit: AnyVisit) -> Response:
    """Say who helps with what."""
    return await visit.page("information/help.html", title="Help and contact")


@routes.get("/cookies")
async def cookies(visit: AnyVisit) -> Response:
    """Name the one cookie."""
    return await visit.page("information/cookies.html", title="Cookies")


@routes.get("/privacy")
async def privacy(visit: AnyVisit) -> Response:
    """Say what is kept and why."""
    return await visit.page("information/privacy.html", title="Privacy")


@routes.get("/accessibility")
async def accessibility(visit: AnyVisit) -> Response:
    """State how accessible ePEP is and how that was checked."""
    return await visit.page("information/accessibility.html", title="Accessibility statement")
