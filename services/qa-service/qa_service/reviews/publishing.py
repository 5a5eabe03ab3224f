"""Giving the result to the authors: sign off, return, or feedback after sign-off."""

from collections.abc import Sequence
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from epep_events.base import Event
from epep_events.profile import QualityAssurance
from epep_events.qa import AreaScore, QAPublished, QASelected
from epep_runtime.http import CHANGE_RESPONSES, Changing
from epep_runtime.language import _
from epep_runtime.problems import FieldError, InvalidError, RefusedError
from epep_runtime.text import Command, example
from qa_service.reviews.changing import Changed, change_review
from qa_service.reviews.review import Decision, Review
from qa_service.reviews.scale import level_of, needs_comment
from qa_service.reviews.scoring import must_be_open

router = APIRouter(tags=["reviews"])


class Publish(Command):
    """`signed_off` or `returned` where the review gates the sign-off, else `feedback`."""

    model_config = example(decision="feedback")

    decision: Decision


def publish(state: Review, qa: QualityAssurance, command: Publish) -> Sequence[Event]:
    """Publish the review, finally.

    Raises InvalidError for a decision that this kind of review cannot make, RefusedError for a
    missing rating or comment and for signing off what must be returned (domain 4.9, D09).
    """
    must_be_open(state)
    assert state.selected
    _fitting(state.selected, command.decision)
    if state.rating is None or state.rating_label is None:
        error = FieldError("rating", _("Choose the overall rating."), "mandatory")
        raise RefusedError(_("Choose the overall rating before you publish."), "mandatory", [error])
    _allowed(qa, state.rating, state.rating_label, command.decision)
    if not state.comment and (command.decision == "returned" or needs_comment(qa, state.rating)):
        error = FieldError("comment", _("Say why, so that the authors know."), "mandatory")
        raise RefusedError(_("This rating needs a comment."), "mandatory", [error])
    return [
        QAPublished(
            review_id=state.selected.review_id,
            pep_id=state.selected.pep_id,
            child_id=state.selected.child_id,
            decision=command.decision,
            rating=state.rating,
            rating_label=state.rating_label,
            comment=state.comment or "",
            scores=_lines(state, qa),
        )
    ]


def _fitting(selected: QASelected, decision: Decision) -> None:
    fitting = ("signed_off", "returned") if selected.gates_sign_off else ("feedback",)
    if decision not in fitting:
        message = (
            _("Sign the PEP off or return it.")
            if selected.gates_sign_off
            else _("This PEP is signed off already: publish the review as feedback.")
        )
        raise InvalidError([FieldError("decision", message, "unfit")])


def _allowed(qa: QualityAssurance, rating: str, label: str, decision: Decision) -> None:
    level = level_of(qa, rating)
    if decision == "signed_off" and level is not None and level.returns:
        raise RefusedError(
            _("A PEP rated %(label)s cannot be signed off: return it.", label=label),
            "rating-returns",
        )


def _lines(state: Review, qa: QualityAssurance) -> tuple[AreaScore, ...]:
    return tuple(
        AreaScore(
            area=area.key,
            area_label=area.label,
            level_label=score.level_label,
            comment=score.comment,
        )
        for area in qa.areas
        if (score := state.scores.get(area.key))
    )


@router.post(
    "/reviews/{review_id}/publication",
    summary="Publish the review",
    responses=CHANGE_RESPONSES,
    response_model=Changed,
)
async def post_publication(
    review_id: UUID, command: Publish, change: Changing, request: Request
) -> JSONResponse:
    """Give the result to the authors. Final; only for the virtual school."""
    return await change_review(
        request,
        change,
        review_id,
        lambda state, qa: publish(state, qa, command),
        permission="review.publish",
    )
