"""Delegates of a designated teacher, and opening a record in an emergency."""

from typing import Any
from uuid import UUID

from fastapi import APIRouter
from starlette.datastructures import FormData
from starlette.responses import Response

from web_portal.problems import ForbiddenError, InvalidError, NotFoundError, RefusedError
from web_portal.web.answers import Answers, read, saved
from web_portal.web.authorities import names_of, options
from web_portal.web.forms import show
from web_portal.web.language import _
from web_portal.web.questions import Option, Question
from web_portal.web.visit import ON_DUTY, SignedIn, Visit

routes = APIRouter()
ALL = "all"


def _questions() -> list[Question]:
    return [
        Question(
            key="authority",
            label=_("Authority"),
            type="choice",
            mandatory=True,
            blank=_("Choose the authority that looks after the child"),
        ),
        Question(
            key="social_care_id",
            label=_("The child’s number in social care"),
            type="line",
            mandatory=True,
            blank=_("Enter the child’s number"),
            width="govuk-input--width-20",
        ),
        Question(
            key="reason",
            label=_("Why you need to see the record now"),
            type="text",
            mandatory=True,
            blank=_("Say why: the virtual school is told at once"),
            max_length=200,
            rows=3,
        ),
    ]


def _appointing(children: list[dict[str, Any]]) -> list[Question]:
    choices = tuple(Option(value=each["child_id"], label=each["name"]) for each in children)
    return [
        Question(
            key="email",
            label=_("Email address of your delegate"),
            type="email",
            mandatory=True,
            blank=_("Enter your delegate’s email address"),
            hint=_("They need an account of their own."),
        ),
        Question(
            key="child_ids",
            label=_("For which children"),
            type="choices",
            mandatory=True,
            blank=_("Choose for which children"),
            choices=(
                Option(value=ALL, label=_("All of mine, also those who come later")),
                *choices,
            ),
        ),
        Question(
            key="until",
            label=_("Until which day"),
            type="date",
            mandatory=True,
            blank=_("Enter the last day"),
            hint=_("A year at most. Access ends by itself."),
        ),
    ]


@routes.get("/delegations")
async def delegations(visit: SignedIn) -> Response:
    """Show whom I have appointed, and who has appointed me."""
    return await _delegations(visit, None)


async def _delegations(visit: Visit, form: FormData | None, place: Any = None) -> Response:
    found = (await visit.call.get("pep", "/delegations")).json
    questions = _appointing(found["children"])
    answers = read(questions, form or FormData(), all_needed=form is not None)
    if place is not None:
        answers.place(place.errors, place.detail)
    return await visit.page(
        "access/delegations.html",
        422 if answers.wrong else 200,
        title=_("Delegates"),
        section="account",
        found=found,
        form=show(questions, answers),
        back_link="/account",
    )


@routes.post("/delegations")
async def appoint(visit: SignedIn) -> Response:
    """Appoint a delegate until a day."""
    form = await visit.form()
    found = (await visit.call.get("pep", "/delegations")).json
    answers = read(_appointing(found["children"]), form, all_needed=True)
    if answers.wrong:
        return await _delegations(visit, form)
    chosen = answers.values["child_ids"]
    body = {**answers.values, "child_ids": None if ALL in chosen else chosen}
    try:
        await visit.call.change("pep", "POST", "/delegations", body, key=await visit.request_key())
    except (InvalidError, RefusedError) as error:
        return await _delegations(visit, form, error)
    return visit.go("/delegations", _("Your delegate is appointed"))


@routes.post("/delegations/{delegation_id}/end")
async def end_delegation(visit: SignedIn, delegation_id: UUID) -> Response:
    """End a delegation now."""
    path = f"/delegations/{delegation_id}/end"
    try:
        await visit.call.change("pep", "POST", path, {}, version=await visit.version())
    except RefusedError as error:
        return visit.go("/delegations", error.detail, neutral=True)
    return visit.go("/delegations", _("The delegation is ended"))


async def _emergency(visit: Visit) -> list[Question]:
    """Return the questions. Raises NotFoundError for roles that open nothing in an emergency."""
    codes = visit.authorities_as(ON_DUTY)
    if not codes:
        raise NotFoundError(404)
    where = options(await names_of(visit, codes))
    only = codes[0] if len(codes) == 1 else None
    return [_questions()[0].model_copy(update={"choices": where, "value": only}), *_questions()[1:]]


async def _emergency_page(visit: Visit, questions: list[Question], answers: Answers) -> Response:
    return await visit.page(
        "access/emergency.html",
        422 if answers.wrong else 200,
        title=_("Open a record in an emergency"),
        section="home",
        form=show(questions, answers),
        back_link="/",
    )


@routes.get("/emergency")
async def emergency(visit: SignedIn) -> Response:
    """Ask which child, and why."""
    questions = await _emergency(visit)
    return await _emergency_page(visit, questions, saved(questions))


@routes.post("/emergency")
async def open_in_emergency(visit: SignedIn) -> Response:
    """Open the record for a day; the virtual school is told at once."""
    questions = await _emergency(visit)
    answers = read(questions, await visit.form(), all_needed=True)
    if answers.wrong:
        return await _emergency_page(visit, questions, answers)
    try:
        made = await visit.call.change(
            "pep", "POST", "/break-glass", answers.values, key=await visit.request_key()
        )
    except NotFoundError:
        answers.errors["social_care_id"] = _("No child of that authority has this number")
    except ForbiddenError:
        answers.general.append(_("Your role does not open records in an emergency"))
    except (InvalidError, RefusedError) as error:
        answers.place(error.errors, error.detail)
    else:
        words = _("For 24 hours. The virtual school has been told.")
        return visit.go(f"/children/{made.json['child_id']}", _("The record is open to you"), words)
    return await _emergency_page(visit, questions, answers)
