"""Cover: who stands in for a colleague who is away, or for a setting without a teacher."""

import asyncio
from typing import Any
from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from web_portal.administration.visitors import authority_of
from web_portal.problems import InvalidError, NotFoundError, RefusedError
from web_portal.web.answers import Answers, read, saved
from web_portal.web.authorities import options, role_labels
from web_portal.web.forms import show
from web_portal.web.language import _
from web_portal.web.questions import Question
from web_portal.web.visit import SignedIn, Visit

routes = APIRouter(prefix="/administration/covers")


async def _questions(visit: Visit) -> list[Question]:
    authority = authority_of(visit)
    asked = {"authority": authority}
    accounts, settings, labels = await asyncio.gather(
        visit.call.get("identity", "/accounts", asked),
        visit.call.get("pep", "/settings", asked),
        role_labels(visit, authority),
    )
    listed = accounts.json["accounts"]
    people = options({each["id"]: f"{each['name']} ({each['email']})" for each in listed})
    schools = options({each["urn"]: each["name"] for each in settings.json["settings"]})
    held = {grant["role"] for each in listed for grant in each["grants"]}
    roles = options({role: label for role, label in labels.items() if role in held})
    asks: list[tuple[str, str, str, dict[str, Any]]] = [
        ("account_id", _("Who covers"), _("Choose who covers"), {"choices": people}),
        ("role", _("In which role"), _("Choose the role"), {"choices": roles}),
        (
            "covered_id",
            _("For which colleague"),
            "",
            {"choices": people, "hint": _("Or choose a school or setting below.")},
        ),
        ("setting_urn", _("For the teacher of which school or setting"), "", {"choices": schools}),
        ("from", _("From"), "", {"type": "date", "hint": _("Leave blank for today.")}),
        ("until", _("Until and with"), _("Enter the last day"), {"type": "date"}),
        (
            "reason",
            _("Why"),
            _("Say why"),
            {"type": "line", "hint": _("For example, annual leave")},
        ),
    ]
    return [
        Question.model_validate(
            {"key": key, "label": label, "type": "choice", "in_a_list": True}
            | {"mandatory": bool(blank), "blank": blank or None}
            | more
        )
        for key, label, blank, more in asks
    ]


async def _page(visit: Visit, questions: list[Question], answers: Answers) -> Response:
    authority = authority_of(visit)
    found = (await visit.call.get("pep", "/covers", {"authority": authority})).json
    return await visit.page(
        "administration/covers.html",
        422 if answers.wrong else 200,
        title=_("Cover"),
        section="administration",
        authority=authority,
        covers=found["covers"],
        form=show(questions, answers),
        back_link=f"/administration?authority={authority}",
    )


@routes.get("")
async def covers(visit: SignedIn) -> Response:
    """List who covers for whom."""
    questions = await _questions(visit)
    return await _page(visit, questions, saved(questions))


@routes.post("")
async def arrange(visit: SignedIn) -> Response:
    """Arrange cover until a day."""
    questions = await _questions(visit)
    answers = read(questions, await visit.form(), all_needed=True)
    if not answers.wrong:
        body = {"authority": authority_of(visit), **answers.values}
        try:
            await visit.call.change("pep", "POST", "/covers", body, key=await visit.request_key())
        except (InvalidError, RefusedError) as error:
            answers.place(error.errors, error.detail)
        else:
            return visit.go(_back(visit), _("Cover is arranged"))
    return await _page(visit, questions, answers)


def _back(visit: Visit) -> str:
    return f"/administration/covers?authority={authority_of(visit)}"


@routes.post("/{cover_id}/end")
async def end(visit: SignedIn, cover_id: UUID) -> Response:
    """End a cover now."""
    try:
        await visit.call.change("pep", "POST", f"/covers/{cover_id}/end", {})
    except (NotFoundError, RefusedError):
        return visit.go(_back(visit), _("This cover is not there any more"), neutral=True)
    return visit.go(_back(visit), _("The cover is ended"))
