"""Scoring areas and choosing the overall rating."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from pydantic import Field

from epep_events.base import Event
from epep_events.profile import QualityAssurance
from epep_events.qa import AreaScored, RatingGiven
from epep_runtime.http import CHANGE_RESPONSES, Changing
from epep_runtime.language import N_, _
from epep_runtime.problems import FieldError, InvalidError, NotFoundError, RefusedError
from epep_runtime.text import Command, Line, Paragraph, example
from qa_service.reviews.changing import Changed, change_review
from qa_service.reviews.review import Review
from qa_service.reviews.scale import area_of, level_of

router = APIRouter(tags=["reviews"])
UNKNOWN_LEVEL = N_("Choose one of the levels of the scale.")
NO_LEVEL = N_("Choose a level for what you have commented on.")


class ScoreArea(Command):
    """An area's level, a key of the scale, and a comment."""

    model_config = example(level="good", comment="Recent, and in her own words.")

    level: Line = Field(examples=["good"])
    comment: Paragraph | None = None


class RatePEP(Command):
    """The overall rating, a key of the scale, and a comment for the authors."""

    model_config = example(rating="good", comment="A plan the child would recognise.")

    rating: Line = Field(examples=["good"])
    comment: Paragraph | None = None


class AreaOnPage(Command):
    """One line of the page; without a level it was left open."""

    level: Line | None = None
    comment: Paragraph | None = None


class SavePage(Command):
    """The whole page at once; areas and rating that are left open stay as they are."""

    model_config = example(
        areas={"voice": {"level": "good", "comment": "Her own words."}},
        rating="good",
        comment="Clear.",
    )

    areas: Mapping[Line, AreaOnPage] = Field(default_factory=dict, max_length=100)
    rating: Line | None = None
    comment: Paragraph | None = None


def must_be_open(state: Review) -> None:
    """Raise RefusedError for a published review: it is final."""
    if state.state != "open":
        raise RefusedError(
            _("This review has been published and can no longer change."), "published"
        )


def score_area(state: Review, qa: QualityAssurance, key: str, command: ScoreArea) -> list[Event]:
    """Give an area its level. Raises RefusedError, InvalidError; NotFoundError for no such area."""
    must_be_open(state)
    area, level = area_of(qa, key), level_of(qa, command.level)
    if area is None:
        raise NotFoundError
    if level is None:
        raise InvalidError([FieldError("level", _(UNKNOWN_LEVEL), "unknown")])
    old, comment = state.scores.get(key), command.comment or None
    if old and (old.level, old.comment) == (level.key, comment):
        return []
    assert state.selected
    return [
        AreaScored(
            review_id=state.selected.review_id,
            pep_id=state.selected.pep_id,
            area=key,
            area_label=area.label,
            level=level.key,
            level_label=level.label,
            old_level_label=old.level_label if old else None,
            comment=comment,
        )
    ]


def rate(state: Review, qa: QualityAssurance, command: RatePEP) -> list[Event]:
    """Choose the overall rating (S95). Raises RefusedError, InvalidError."""
    must_be_open(state)
    level, comment = level_of(qa, command.rating), command.comment or None
    if level is None:
        raise InvalidError([FieldError("rating", _(UNKNOWN_LEVEL), "unknown")])
    if (state.rating, state.comment) == (level.key, comment):
        return []
    assert state.selected
    return [
        RatingGiven(
            review_id=state.selected.review_id,
            pep_id=state.selected.pep_id,
            rating=level.key,
            rating_label=level.label,
            old_rating_label=state.rating_label,
            comment=comment,
        )
    ]


def save_page(state: Review, qa: QualityAssurance, command: SavePage) -> Sequence[Event]:
    """Save everything that the page says. Raises RefusedError, InvalidError with every misfit."""
    must_be_open(state)
    errors = _misfits(qa, command)
    if errors:
        raise InvalidError(errors)
    said: list[Event] = []
    for key, line in command.areas.items():
        if line.level:
            score = ScoreArea(level=line.level, comment=line.comment)
            said += score_area(state, qa, key, score)
    if command.rating:
        said += rate(state, qa, RatePEP(rating=command.rating, comment=command.comment))
    return said


def _misfits(qa: QualityAssurance, command: SavePage) -> list[FieldError]:
    errors = []
    for key, line in command.areas.items():
        field = f"areas.{key}.level"
        if area_of(qa, key) is None:
            errors.append(FieldError(f"areas.{key}", _("There is no such area."), "unknown"))
        elif line.level and level_of(qa, line.level) is None:
            errors.append(FieldError(field, _(UNKNOWN_LEVEL), "unknown"))
        elif line.comment and not line.level:
            errors.append(FieldError(field, _(NO_LEVEL), "mandatory"))
    if command.rating and level_of(qa, command.rating) is None:
        errors.append(FieldError("rating", _(UNKNOWN_LEVEL), "unknown"))
    elif command.comment and not command.rating:
        errors.append(FieldError("rating", _(NO_LEVEL), "mandatory"))
    return errors


@router.put(
    "/reviews/{review_id}/areas/{area}",
    summary="Score one area",
    responses=CHANGE_RESPONSES,
    response_model=Changed,
)
async def put_area(
    review_id: UUID, area: str, command: ScoreArea, change: Changing, request: Request
) -> JSONResponse:
    """Give one area a level and a comment. Only for the virtual school."""
    return await change_review(
        request, change, review_id, lambda state, qa: score_area(state, qa, area, command)
    )


@router.put(
    "/reviews/{review_id}/rating",
    summary="Choose the overall rating",
    responses=CHANGE_RESPONSES,
    response_model=Changed,
)
async def put_rating(
    review_id: UUID, command: RatePEP, change: Changing, request: Request
) -> JSONResponse:
    """Choose the overall rating, which is never computed. Only for the virtual school."""
    return await change_review(
        request, change, review_id, lambda state, qa: rate(state, qa, command)
    )


@router.put(
    "/reviews/{review_id}",
    summary="Save the whole review page",
    responses=CHANGE_RESPONSES,
    response_model=Changed,
)
async def put_page(
    review_id: UUID, command: SavePage, change: Changing, request: Request
) -> JSONResponse:
    """Save all areas and the overall rating at once. Only for the virtual school."""
    return await change_review(
        request, change, review_id, lambda state, qa: save_page(state, qa, command)
    )
