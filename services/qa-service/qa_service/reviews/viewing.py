"""The review page: scale, areas with their descriptors, scores, and earlier rounds."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel

from epep_access.answers import Answers
from epep_access.checking import Acting, acting_for_pep
from epep_access.readings import note_reading
from epep_events.envelope import Metadata
from epep_events.qa import QAPublished
from epep_runtime.event_store import EventStore, Loaded
from epep_runtime.http import Asking, running_of
from epep_runtime.postgres import Connection
from epep_runtime.problems import NotFoundError
from qa_service.read_models.people import name_of
from qa_service.read_models.peps import PepUnderReview, pep_under_review
from qa_service.reviews.review import Decision, Review
from qa_service.reviews.rounds import rounds_of
from qa_service.reviews.scale import suggested_rating

router = APIRouter(tags=["reviews"])


class Level(BaseModel):
    """One step of the scale, the best first; one that `returns` cannot be signed off."""

    key: str
    label: str
    colour: str
    returns: bool


class Area(BaseModel):
    """One area: what each level means, and its score."""

    key: str
    label: str
    descriptors: dict[str, str]
    level: str | None
    comment: str | None


class Published(BaseModel):
    """When the review was published, and by whom."""

    at: datetime
    by: str


class PastRound(BaseModel):
    """The result of one published round."""

    round: int
    decision: Decision
    rating_label: str
    comment: str
    published_at: datetime


class May(BaseModel):
    """What the person who asks may do now."""

    score: bool
    publish: bool
    open: bool


class ReviewView(BaseModel):
    """The newest review of a PEP; `review_id` is None while there is none.

    `suggested_rating` is shown to reviewers only. Authors see scores once they are published.
    """

    review_id: UUID | None
    version: int | None
    pep_id: UUID
    state: Literal["none", "open", "published"]
    round: int | None
    gates_sign_off: bool | None
    because: Literal["submitted", "sampled", "chosen"] | None
    scale: list[Level]
    areas: list[Area]
    rating: str | None
    comment: str | None
    suggested_rating: str | None
    decision: Decision | None
    published: Published | None
    history: list[PastRound]
    may: May


async def view_of(
    connection: Connection, store: EventStore, pep: PepUnderReview, acting: Acting
) -> ReviewView:
    """Return the PEP's newest review as this person may see it.

    Raises NotFoundError where there is none and the person may not open one.
    """
    rounds = await rounds_of(connection, store, pep.pep_id)
    reviewer = acting.may("review.write")
    newest = rounds[-1] if rounds else Loaded(Review(), 0, ())
    state = newest.state
    may_open = (
        reviewer
        and state.state != "open"
        and pep.qa.mode == "after_sign_off"
        and pep.state == "signed_off"
    )
    if state.selected is None and not may_open:
        raise NotFoundError
    shown = state if reviewer or state.state == "published" else Review(selected=state.selected)
    working = reviewer and state.state == "open"
    levels = [score.level for score in state.scores.values()]
    return ReviewView(
        review_id=state.selected.review_id if state.selected else None,
        version=newest.version or None,
        pep_id=pep.pep_id,
        state=state.state,
        round=state.selected.round if state.selected else None,
        gates_sign_off=state.selected.gates_sign_off if state.selected else None,
        because=state.selected.because if state.selected else None,
        scale=[Level(**level.model_dump()) for level in pep.qa.scale],
        areas=_areas(pep, shown),
        rating=shown.rating,
        comment=shown.comment,
        suggested_rating=suggested_rating(pep.qa, levels) if reviewer else None,
        decision=shown.published.decision if shown.published else None,
        published=await _published(connection, newest),
        history=[line for each in rounds if (line := _past(each))],
        may=May(score=working, publish=working and acting.may("review.publish"), open=may_open),
    )


def _areas(pep: PepUnderReview, shown: Review) -> list[Area]:
    return [
        Area(
            key=area.key,
            label=area.label,
            descriptors=area.descriptors,
            level=score.level if (score := shown.scores.get(area.key)) else None,
            comment=score.comment if score else None,
        )
        for area in pep.qa.areas
    ]


def _publication(loaded: Loaded[Review]) -> Metadata | None:
    return next((each.meta for each in loaded.events if isinstance(each.data, QAPublished)), None)


async def _published(connection: Connection, loaded: Loaded[Review]) -> Published | None:
    meta = _publication(loaded)
    if meta is None:
        return None
    return Published(at=meta.occurred_at, by=await name_of(connection, meta.actor.id))


def _past(loaded: Loaded[Review]) -> PastRound | None:
    meta, said, selected = _publication(loaded), loaded.state.published, loaded.state.selected
    if meta is None or said is None or selected is None:
        return None
    return PastRound(
        round=selected.round,
        decision=said.decision,
        rating_label=said.rating_label,
        comment=said.comment,
        published_at=meta.occurred_at,
    )


@router.get("/peps/{pep_id}/review", summary="The review of a PEP")
async def get_review(
    pep_id: UUID, asking: Asking, request: Request, response: Response
) -> ReviewView:
    """Return the newest review of the PEP, and the results of earlier rounds.

    For the virtual school and the authors (designated teacher, social worker); nobody else finds
    it. `ETag` is the review's version.
    """
    running = running_of(request)
    async with running.pool.acquire() as connection:
        acting = await acting_for_pep(connection, asking, pep_id, running.part(Answers))
        acting.must("review.read")
        note_reading(running, asking, acting, "review.read")
        pep = await pep_under_review(connection, pep_id)
        view = await view_of(connection, running.store, pep, acting)
    if view.version is not None:
        response.headers["ETag"] = f'"{view.version}"'
    return view
