"""Create PEP: one form, from which the plan, the meeting and its invitations follow."""

from typing import Any
from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from web_portal.peps.new_pep_form import (
    Guests,
    new_pep_body,
    new_pep_questions,
    read_new_pep,
)
from web_portal.problems import InvalidError, RefusedError
from web_portal.web.answers import Answers, saved
from web_portal.web.forms import show
from web_portal.web.language import _
from web_portal.web.visit import SignedIn, Visit

routes = APIRouter(prefix="/children")


@routes.get("/{child_id}/peps/new")
async def new_pep(visit: SignedIn, child_id: UUID) -> Response:
    """Show the form, filled in with what is known of the child."""
    facts = (await visit.call.get("pep", f"/children/{child_id}/pep-form")).json
    draft = await visit.draft()
    if draft:
        answers, guests = read_new_pep(facts, draft, sent=False)
        return await _form(visit, facts, answers, guests, restored=True)
    return await _form(visit, facts, saved(new_pep_questions(facts)), Guests())


async def _form(
    visit: Visit,
    facts: dict[str, Any],
    answers: Answers,
    guests: Guests,
    status: int = 200,
    *,
    restored: bool = False,
) -> Response:
    form = show(new_pep_questions(facts), answers)
    child = facts["child"]
    return await visit.page(
        "peps/new_pep.html",
        status,
        title=_("Create PEP for %(initials)s", initials=child["initials"]),
        section="home",
        crumbs=[(_("Home"), "/"), (child["name"], f"/children/{child['child_id']}")],
        facts=facts,
        form=form,
        guests=guests,
        error_items=[*form.summary, *guests.summary],
        restored=restored,
        unsaved=restored or status != 200,
    )


@routes.post("/{child_id}/peps/new")
async def create_pep(visit: SignedIn, child_id: UUID) -> Response:
    """Create the PEP; every mistake is shown at its question with everything typed kept."""
    facts = (await visit.call.get("pep", f"/children/{child_id}/pep-form")).json
    answers, guests = read_new_pep(facts, await visit.form(), sent=True)
    if answers.wrong or guests.wrong:
        return await _form(visit, facts, answers, guests, 422)
    try:
        created = await visit.call.change(
            "pep",
            "POST",
            f"/children/{child_id}/peps",
            new_pep_body(answers, guests),
            key=await visit.request_key(),
        )
    except InvalidError as error:
        answers.place(error.errors, error.detail)
        return await _form(visit, facts, answers, guests, 422)
    except RefusedError as error:
        answers.place(error.errors, error.detail)
        return await _form(visit, facts, answers, guests, 409)
    return await visit.saved(
        f"/peps/{created.json['pep_id']}",
        _("PEP created"),
        _("The invitations to the meeting are on their way by email."),
    )
