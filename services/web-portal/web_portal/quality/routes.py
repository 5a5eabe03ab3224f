"""Quality assurance: the virtual school's list, the scores of one PEP, and publishing them."""

import asyncio
from http import HTTPStatus
from typing import Any
from uuid import UUID

from fastapi import APIRouter
from starlette.datastructures import FormData
from starlette.responses import Response

from web_portal.peps.shell import Plan, load
from web_portal.problems import (
    ForbiddenError,
    InvalidError,
    NotFoundError,
    RefusedError,
    ServiceProblemError,
    StaleError,
)
from web_portal.quality.review_form import (
    at_questions,
    decision_question,
    review_body,
    review_questions,
)
from web_portal.web.answers import Answers, read, saved
from web_portal.web.forms import show
from web_portal.web.language import N_, _
from web_portal.web.visit import SignedIn, Visit

routes = APIRouter()
NAMES_AT_ONCE = 8
MEANWHILE = N_(
    "Somebody else has saved this review meanwhile. If you save again, what stands here takes the"
    " place of theirs"
)


@routes.get("/quality")
async def queue(visit: SignedIn) -> Response:
    """List the reviews that wait, or those that are published."""
    codes = visit.authorities_as_virtual_school
    if not codes:
        raise NotFoundError(404)
    state = "published" if visit.request.query_params.get("state") == "published" else "open"
    answers = await asyncio.gather(
        *(visit.call.get("qa", "/reviews", {"authority": c, "state": state}) for c in codes)
    )
    reviews = [review for answer in answers for review in answer.json["reviews"]]
    names = await _names(visit, reviews)
    return await visit.page(
        "quality/queue.html",
        title=_("Quality assurance"),
        section="quality",
        reviews=reviews,
        names=names,
        state=state,
    )


async def _names(visit: Visit, reviews: list[dict[str, Any]]) -> dict[str, str]:
    """Return the children's names by id; the qa service keeps initials only."""
    few = asyncio.Semaphore(NAMES_AT_ONCE)

    async def name(child_id: str, otherwise: str) -> tuple[str, str]:
        async with few:
            try:
                child = (await visit.call.get("pep", f"/children/{child_id}")).json
            except ServiceProblemError:
                return child_id, otherwise
            return child_id, str(child["name"])

    initials = {review["child_id"]: review["child_initials"] for review in reviews}
    return dict(await asyncio.gather(*(name(*each) for each in initials.items())))


async def _both(visit: Visit, pep_id: UUID) -> tuple[Plan, dict[str, Any] | None]:
    plan = await load(visit, pep_id)
    try:
        return plan, (await visit.call.get("qa", f"/peps/{pep_id}/review")).json
    except NotFoundError:
        return plan, None


@routes.get("/peps/{pep_id}/quality")
async def quality_page(visit: SignedIn, pep_id: UUID) -> Response:
    """Show the review: as a form to the virtual school, to others once it is published."""
    plan, review = await _both(visit, pep_id)
    if review is None or not review.get("review_id") or not review["may"].get("score"):
        frame = plan.frame("qa")
        return await visit.page("quality/review_read.html", review=review, **frame)
    asked, draft = review_questions(review), await visit.draft()
    answers = read(asked, draft) if draft else saved(asked)
    return await _form(visit, plan, review, answers, draft)


async def _form(
    visit: Visit,
    plan: Plan,
    review: dict[str, Any],
    answers: Answers,
    sent: FormData | None,
    status: int = 200,
) -> Response:
    opened_at = sent.get("version") if sent and status != HTTPStatus.PRECONDITION_FAILED else None
    return await visit.page(
        "quality/review_form.html",
        status,
        review=review,
        form=show(review_questions(review), answers),
        version=opened_at or review["version"],
        restored=sent is not None and status == 200,
        unsaved=sent is not None,
        **plan.frame("qa"),
    )


@routes.post("/peps/{pep_id}/quality")
async def save_review(visit: SignedIn, pep_id: UUID) -> Response:
    """Save the whole page; nobody else sees it before it is published."""
    plan, review = await _both(visit, pep_id)
    if review is None or not review.get("review_id"):
        raise NotFoundError(404)
    form = await visit.form()
    answers = read(review_questions(review), form)
    if answers.wrong:
        return await _form(visit, plan, review, answers, form, 422)
    try:
        await visit.call.change(
            "qa",
            "PUT",
            f"/reviews/{review['review_id']}",
            review_body(review, answers.values),
            version=await visit.version(),
            key=await visit.request_key(),
        )
    except StaleError as error:
        answers.general.append(_(MEANWHILE))
        return await _form(visit, plan, review, answers, form, error.status)
    except (InvalidError, RefusedError) as error:
        answers.place(at_questions(error.errors), error.detail)
        return await _form(visit, plan, review, answers, form, error.status)
    onward = form.get("then") == "publish"
    path = f"{plan.path}/quality"
    return await visit.saved(f"{path}/publication" if onward else path, _("Saved"))


@routes.post("/peps/{pep_id}/quality/opening")
async def open_review(visit: SignedIn, pep_id: UUID) -> Response:
    """Open an audit of a PEP that was not in the sample."""
    key = await visit.request_key()
    await visit.call.change("qa", "POST", f"/peps/{pep_id}/review", {}, key=key)
    return await visit.saved(f"/peps/{pep_id}/quality", _("Review opened"))


@routes.get("/peps/{pep_id}/quality/publication")
async def ask_to_publish(visit: SignedIn, pep_id: UUID) -> Response:
    """Ask what happens to the PEP."""
    plan, review = await _both(visit, pep_id)
    return await _publication(visit, plan, review, None)


async def _publication(
    visit: Visit,
    plan: Plan,
    review: dict[str, Any] | None,
    answers: Answers | None,
    status: int = 200,
) -> Response:
    if review is None or not review.get("review_id"):
        raise NotFoundError(404)
    if not review["may"].get("publish"):
        raise ForbiddenError(403)
    asked = [decision_question(review)]
    return await visit.page(
        "quality/publication.html",
        status,
        review=review,
        form=show(asked, answers or saved(asked)),
        rating=next((e for e in review["scale"] if e["key"] == review.get("rating")), None),
        **plan.frame("qa", _("Publish the review")),
    )


@routes.post("/peps/{pep_id}/quality/publication")
async def publish(visit: SignedIn, pep_id: UUID) -> Response:
    """Publish the review with its decision."""
    plan, review = await _both(visit, pep_id)
    if review is None or not review.get("review_id"):
        raise NotFoundError(404)
    answers = read([decision_question(review)], await visit.form(), all_needed=True)
    if answers.wrong:
        return await _publication(visit, plan, review, answers, 422)
    try:
        await visit.call.change(
            "qa",
            "POST",
            f"/reviews/{review['review_id']}/publication",
            answers.values,
            version=await visit.version(),
            key=await visit.request_key(),
        )
    except (InvalidError, RefusedError) as error:
        answers.place(error.errors, error.detail)
        return await _publication(visit, plan, review, answers, error.status)
    done = {
        "signed_off": _("Review published: the PEP is signed off"),
        "returned": _("Review published: the PEP is returned"),
        "feedback": _("Review published"),
    }[answers.values["decision"]]
    return await visit.saved(f"{plan.path}/quality", done)
