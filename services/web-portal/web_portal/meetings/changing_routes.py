"""Moving and cancelling a meeting, inviting one more person, agreeing the next one."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from web_portal.meetings import changing_forms as forms
from web_portal.meetings.shell import load_meeting, require
from web_portal.peps.new_pep_form import meeting_time
from web_portal.peps.shell import Plan
from web_portal.problems import InvalidError, NotFoundError, RefusedError
from web_portal.web.answers import Answers, read, saved
from web_portal.web.forms import show
from web_portal.web.language import N_, _
from web_portal.web.questions import Question
from web_portal.web.visit import SignedIn, Visit

routes = APIRouter(prefix="/peps")


Body = Callable[[dict[str, Any], dict[str, Any]], dict[str, Any]]


def _as_typed(values: dict[str, Any], _: dict[str, Any]) -> dict[str, Any]:
    return values


def _moved(values: dict[str, Any], _: dict[str, Any]) -> dict[str, Any]:
    return meeting_time(values) | {"why": values["why"]}


def _next(values: dict[str, Any], _: dict[str, Any]) -> dict[str, Any]:
    return meeting_time(values) | {"invitations_sent_by": values["invitations_sent_by"]}


def _nothing(_: Answers) -> None:
    """Most forms need no check beyond their questions."""


@dataclass(frozen=True)
class Change:
    """One kind of change: its right, questions, words, and how its answers are sent."""

    right: str
    method: str
    path: str
    heading: str
    button: str
    done: str
    questions: Callable[[dict[str, Any]], list[Question]]
    body: Body = _as_typed
    check: Callable[[Answers], None] = _nothing
    lead: str = ""
    warning: bool = False


CHANGES = {
    "reschedule": Change(
        "reschedule",
        "POST",
        "reschedule",
        N_("Reschedule this meeting"),
        N_("Reschedule and tell everyone"),
        N_("Meeting rescheduled"),
        forms.reschedule_questions,
        _moved,
        lead=N_(
            "Agree the new time first. Everyone who is invited gets an updated calendar entry."
        ),
    ),
    "cancellation": Change(
        "cancel",
        "POST",
        "cancellation",
        N_("Cancel this meeting"),
        N_("Cancel the meeting and tell everyone"),
        N_("Meeting cancelled"),
        lambda _: forms.cancellation_questions(),
        warning=True,
        lead=N_("To move it to another time, reschedule it instead."),
    ),
    "invitations": Change(
        "invite",
        "POST",
        "invitations",
        N_("Invite someone else"),
        N_("Send invitation"),
        N_("Invitation on its way"),
        forms.invitee_questions,
        forms.invitee_body,
        forms.check_invitee,
        lead=N_("They get an email with a link to answer. They need no account."),
    ),
    "next": Change(
        "set_next",
        "PUT",
        "next",
        N_("Next meeting"),
        N_("Save the next meeting"),
        N_("Next meeting saved"),
        forms.next_meeting_questions,
        _next,
        lead=N_("Agreed before people leave: next term’s PEP is made ready with it."),
    ),
}


@routes.get("/{pep_id}/meeting/{kind}")
async def change_form(visit: SignedIn, pep_id: UUID, kind: str) -> Response:
    """Show the form of one kind of change."""
    change = _known(kind)
    plan, meeting = await _loaded(visit, pep_id, change)
    require(meeting, change.right)
    asked, draft = change.questions(meeting), await visit.draft()
    answers = read(asked, draft) if draft else saved(asked)
    version = int(meeting["version"])
    return await _form(visit, plan, change, asked, answers, version, restored=draft is not None)


async def _loaded(visit: Visit, pep_id: UUID, change: Change) -> tuple[Plan, dict[str, Any]]:
    """Return the PEP and its meeting; for an invitation with the people to choose from."""
    plan, meeting = await load_meeting(visit, pep_id)
    if change.right == "invite":
        child = await visit.call.get("pep", f"/children/{plan.pep['child']['child_id']}")
        invited = {each["account_id"] for each in meeting["invitations"]}
        people = [each for each in child.json["people"] if each["account_id"] not in invited]
        meeting = meeting | {"candidates": people}
    return plan, meeting


def _known(kind: str) -> Change:
    change = CHANGES.get(kind)
    if change is None:
        raise NotFoundError(404)
    return replace(
        change,
        heading=_(change.heading),
        button=_(change.button),
        done=_(change.done),
        lead=_(change.lead) if change.lead else "",
    )


async def _form(
    visit: Visit,
    plan: Plan,
    change: Change,
    asked: list[Question],
    answers: Answers,
    version: int | None,
    status: int = 200,
    *,
    restored: bool = False,
) -> Response:
    return await visit.page(
        "meetings/change.html",
        status,
        change=change,
        form=show(asked, answers),
        version=version,
        restored=restored,
        unsaved=restored or status != 200,
        **plan.frame("meeting", change.heading),
    )


@routes.post("/{pep_id}/meeting/{kind}")
async def make_change(visit: SignedIn, pep_id: UUID, kind: str) -> Response:
    """Make the change; mistakes come back at their questions."""
    change = _known(kind)
    plan, meeting = await _loaded(visit, pep_id, change)
    asked = change.questions(meeting)
    answers, opened = read(asked, await visit.form(), all_needed=True), await visit.version()
    change.check(answers)
    if answers.wrong:
        return await _form(visit, plan, change, asked, answers, opened, 422)
    try:
        await visit.call.change(
            "meeting",
            change.method,
            f"/peps/{pep_id}/meeting/{change.path}",
            change.body(answers.values, meeting),
            version=opened,
            key=await visit.request_key(),
        )
    except (InvalidError, RefusedError) as error:
        answers.place(error.errors, error.detail)
        return await _form(visit, plan, change, asked, answers, opened, error.status)
    return await visit.saved(f"{plan.path}/meeting", change.done)
