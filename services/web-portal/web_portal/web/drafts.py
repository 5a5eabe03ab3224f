"""Throwing away a draft that was kept for somebody."""

from fastapi import APIRouter
from starlette.responses import Response

from web_portal.web.errors import form_page
from web_portal.web.visit import SignedIn

routes = APIRouter()


@routes.post("/drafts/discard")
async def discard(visit: SignedIn) -> Response:
    """Forget the draft of the form named, and show the form as it is saved."""
    wanted = (await visit.form()).get("form")
    path = form_page(visit.request, wanted if isinstance(wanted, str) else "/")
    if visit.session.account_id:
        await visit.portal.store.drop_draft(visit.session.account_id, path)
    return visit.go(path)
