"""The child's page: who they are, who works with them, their PEPs, and everything that changed."""

import asyncio
from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from web_portal.children.change_log import choosers, end_question, filters, start_question
from web_portal.web.formatting import initials
from web_portal.web.forms import show
from web_portal.web.language import _
from web_portal.web.paging import page_number
from web_portal.web.visit import SignedIn

routes = APIRouter(prefix="/children")


@routes.get("/{child_id}")
async def child_page(visit: SignedIn, child_id: UUID) -> Response:
    """Show the child with the change log at the bottom."""
    params = visit.request.query_params
    wanted = filters(params, page_number(params.get("page")))
    child, log = await asyncio.gather(
        visit.call.get("pep", f"/children/{child_id}"),
        visit.call.get(
            "pep", f"/children/{child_id}/change-log", wanted.params | {"page": wanted.page}
        ),
    )
    sections, people = ([], []) if log.json.get("hidden") else choosers(log.json)
    return await visit.page(
        "children/child.html",
        title=_("%(initials)s: overview", initials=initials(child.json["name"])),
        section="home",
        crumbs=[(_("Home"), "/")],
        child=child.json,
        log=log.json,
        filters=wanted,
        form=show([start_question(), end_question()], wanted.answers),
        sections=sections,
        people=people,
    )


@routes.get("/{child_id}/change-log.csv")
async def change_log_file(visit: SignedIn, child_id: UUID) -> Response:
    """Hand the filtered change log over as a CSV file."""
    wanted = filters(visit.request.query_params, 1)
    answer = await visit.call.get("pep", f"/children/{child_id}/change-log.csv", wanted.params)
    headers = {"Content-Disposition": 'attachment; filename="change-log.csv"'}
    return Response(answer.content, media_type="text/csv; charset=utf-8", headers=headers)
