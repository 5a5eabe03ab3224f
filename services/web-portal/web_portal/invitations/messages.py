"""The message centre: everything that was mailed to me lives here too, read or unread."""

from typing import Any
from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from web_portal.problems import NotFoundError
from web_portal.web.language import _
from web_portal.web.paging import page_number
from web_portal.web.visit import SignedIn, Visit

routes = APIRouter(prefix="/messages")
MOST = 500


@routes.get("")
async def messages(visit: SignedIn) -> Response:
    """List a page of my messages, all or those that I have not read."""
    asked = visit.request.query_params
    only = asked.get("unread") == "true"
    wanted = {"page": page_number(asked.get("page")), "unread": "true" if only else None}
    found = (await visit.call.get("notification", "/messages", wanted)).json
    visit.recount_waiting()
    return await visit.page(
        "invitations/messages.html",
        title=_("Messages"),
        section="messages",
        found=found,
        only=only,
    )


@routes.post("/read")
async def read_all(visit: SignedIn) -> Response:
    """Mark as read what the page showed as unread."""
    ids = [each for each in (await visit.form()).getlist("id") if isinstance(each, str)]
    await _note(visit, ids[:MOST])
    return visit.go("/messages", _("Marked as read") if ids else None)


async def _note(visit: Visit, ids: list[str]) -> None:
    if not ids:
        return
    try:
        body = {"notification_ids": ids}
        await visit.call.change("notification", "POST", "/messages/read", body)
    except NotFoundError:  # erased meanwhile: nothing is left to read
        pass
    visit.recount_waiting()


@routes.post("/{notification_id}")
async def open_message(visit: SignedIn, notification_id: UUID) -> Response:
    """Mark one message as read and go to what it is about."""
    form: Any = await visit.form()
    await _note(visit, [str(notification_id)])
    try:
        pep_id = str(UUID(str(form.get("pep"))))
    except ValueError:
        return visit.go("/messages")
    return visit.go(f"/peps/{pep_id}/meeting" if form.get("meeting") else f"/peps/{pep_id}")
