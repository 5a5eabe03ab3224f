"""The meeting page: when and where, who is invited and what they answered, what was recorded."""

from typing import Any
from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from web_portal.meetings.record_form import record_questions
from web_portal.meetings.shell import load_meeting, load_meeting_if_any, require
from web_portal.peps.shell import Plan
from web_portal.problems import InvalidError, RefusedError
from web_portal.web.forms import in_words
from web_portal.web.language import _
from web_portal.web.visit import SignedIn, Visit

routes = APIRouter(prefix="/peps")


@routes.get("/{pep_id}/meeting")
async def meeting_page(visit: SignedIn, pep_id: UUID) -> Response:
    """Show the meeting."""
    plan, meeting = await load_meeting_if_any(visit, pep_id)
    return await _page(visit, plan, meeting)


async def _page(
    visit: Visit,
    plan: Plan,
    meeting: dict[str, Any] | None,
    items: list[dict[str, str]] | None = None,
) -> Response:
    asked = record_questions(meeting, plan.pep["labels"]) if meeting else []
    return await visit.page(
        "meetings/meeting.html",
        409 if items else 200,
        meeting=meeting,
        rows=[(q, in_words(q, q.value)) for q in asked],
        error_items=items or [],
        **plan.frame("meeting"),
    )


@routes.get("/{pep_id}/meeting/confirmation")
async def ask_to_confirm(visit: SignedIn, pep_id: UUID) -> Response:
    """Ask whether the meeting took place."""
    plan, meeting = await load_meeting(visit, pep_id)
    require(meeting, "confirm")
    return await visit.page(
        "meetings/confirmation.html",
        meeting=meeting,
        **plan.frame("meeting", _("Confirm that the meeting took place")),
    )


@routes.post("/{pep_id}/meeting/confirmation")
async def confirm(visit: SignedIn, pep_id: UUID) -> Response:
    """Confirm that the meeting took place; what is missing is listed with links."""
    try:
        await visit.call.change(
            "meeting",
            "POST",
            f"/peps/{pep_id}/meeting/confirmation",
            {},
            version=await visit.version(),
            key=await visit.request_key(),
        )
    except (RefusedError, InvalidError) as error:
        plan, meeting = await load_meeting(visit, pep_id)
        record = f"/peps/{pep_id}/meeting/record"
        items = [
            {"text": each.message, "href": f"{record}#field-{each.field.rpartition('.')[2]}"}
            if each.code == "mandatory"
            else {"text": each.message}
            for each in error.errors
        ]
        return await _page(visit, plan, meeting, items or [{"text": error.detail}])
    return await visit.saved(f"/peps/{pep_id}/meeting", _("The meeting is confirmed"))
