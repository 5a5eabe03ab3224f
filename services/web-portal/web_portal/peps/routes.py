"""The first page of a PEP: where it stands and what each section still needs."""

from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from web_portal.peps.shell import load
from web_portal.web.language import _
from web_portal.web.visit import SignedIn

routes = APIRouter(prefix="/peps")


@routes.get("/{pep_id}")
async def overview(visit: SignedIn, pep_id: UUID) -> Response:
    """Show the PEP's state, its dates and the list of its sections."""
    plan = await load(visit, pep_id)
    return await visit.page("peps/overview.html", **plan.frame("", _("Overview")))
