"""Recording a meeting: who was there, what was said. Two recorders lose nothing."""

from typing import Any
from uuid import UUID

from fastapi import APIRouter
from starlette.datastructures import FormData
from starlette.responses import Response

from web_portal.meetings.record_form import read_record, record_body, record_questions
from web_portal.meetings.shell import load_meeting, require
from web_portal.peps import merging
from web_portal.peps.conflicts import Theirs, choose, conflict_page
from web_portal.peps.shell import Plan
from web_portal.problems import InvalidError, RefusedError, StaleError
from web_portal.web.answers import Answers, saved
from web_portal.web.forms import show
from web_portal.web.language import N_, _
from web_portal.web.visit import SignedIn, Visit

routes = APIRouter(prefix="/peps")
TITLE = N_("Record of the meeting")


@routes.get("/{pep_id}/meeting/record")
async def record_page(visit: SignedIn, pep_id: UUID) -> Response:
    """Show the record's form."""
    plan, meeting = await load_meeting(visit, pep_id)
    require(meeting, "record")
    asked = record_questions(meeting, plan.pep["labels"])
    draft = await visit.draft()
    answers = read_record(asked, draft) if draft else saved(asked)
    return await _form(visit, plan, meeting, answers, draft)


async def _form(
    visit: Visit,
    plan: Plan,
    meeting: dict[str, Any],
    answers: Answers,
    sent: FormData | None,
    status: int = 200,
) -> Response:
    asked = record_questions(meeting, plan.pep["labels"])
    return await visit.page(
        "meetings/record.html",
        status,
        meeting=meeting,
        form=show(asked, answers),
        bases=merging.bases(asked, sent),
        version=(sent.get("version") if sent else None) or meeting["version"],
        restored=sent is not None and status == 200,
        unsaved=sent is not None,
        **plan.frame("meeting", _(TITLE)),
    )


@routes.post("/{pep_id}/meeting/record")
async def save_record(visit: SignedIn, pep_id: UUID) -> Response:
    """Save the record; blank mandatory answers are named but do not stop it."""
    plan, meeting = await load_meeting(visit, pep_id)
    labels, form = plan.pep["labels"], await visit.form()
    asked = record_questions(meeting, labels)
    answers = read_record(asked, form)
    if answers.wrong:
        return await _form(visit, plan, meeting, answers, form, 422)
    choice, frame = choose(asked, answers, form), plan.frame("meeting", _(TITLE))
    answers = choice.answers
    if not choice.made:
        theirs = Theirs(_(TITLE), asked, meeting["version"])
        return await conflict_page(visit, frame, theirs, answers, chosen=True)
    try:
        result = await visit.call.change(
            "meeting",
            "PUT",
            f"/peps/{pep_id}/meeting/record",
            record_body(answers.values),
            version=await visit.version(),
            key=await visit.request_key(),
        )
    except StaleError as error:
        state = error.state or meeting
        theirs = Theirs(_(TITLE), record_questions(state, labels), state["version"])
        return await conflict_page(visit, frame, theirs, answers)
    except (InvalidError, RefusedError) as error:
        answers.place(error.errors, error.detail)
        return await _form(visit, plan, meeting, answers, form, error.status)
    record = f"/peps/{pep_id}/meeting/record"
    missing = result.json.get("missing") or []
    links = [{"text": m["label"], "href": f"{record}#field-{m['field']}"} for m in missing]
    return await visit.saved(f"/peps/{pep_id}/meeting", _("Record saved"), links=links)
