"""The virtual school's list of reviews, the open ones first."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from fastapi import APIRouter, Request
from pydantic import BaseModel

from epep_access.checking import held_by
from epep_access.permissions import table
from epep_events.envelope import Metadata
from epep_events.qa import QAPublished, QASelected, RatingGiven
from epep_runtime.http import Asking, running_of
from epep_runtime.postgres import Connection
from epep_runtime.problems import ForbiddenError, NotFoundError
from epep_runtime.subscriptions import Projector

router = APIRouter(tags=["reviews"])
MOST = 500


async def _selected(connection: Connection, event: QASelected, meta: Metadata) -> None:
    await connection.execute(
        "INSERT INTO reviews (review_id, authority, pep_id, child_id, round, because,"
        " gates_sign_off, opened_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)"
        " ON CONFLICT DO NOTHING",
        event.review_id,
        meta.authority,
        event.pep_id,
        event.child_id,
        event.round,
        event.because,
        event.gates_sign_off,
        meta.occurred_at,
    )


async def _rated(connection: Connection, event: RatingGiven, _: Metadata) -> None:
    await connection.execute(
        "UPDATE reviews SET rating_label = $2 WHERE review_id = $1",
        event.review_id,
        event.rating_label,
    )


async def _published(connection: Connection, event: QAPublished, meta: Metadata) -> None:
    await connection.execute(
        "UPDATE reviews SET state = 'published', rating_label = $2, published_at = $3"
        " WHERE review_id = $1",
        event.review_id,
        event.rating_label,
        meta.occurred_at,
    )


REVIEWS = Projector(
    name="reviews",
    contexts=("qa",),
    tables=("reviews",),
    handles={QASelected: _selected, RatingGiven: _rated, QAPublished: _published},
)


class ReviewLine(BaseModel):
    """One review; the child is named by initials here, the portal knows who may see more."""

    review_id: UUID
    pep_id: UUID
    child_id: UUID
    child_initials: str | None
    kind_label: str | None
    round: int
    state: Literal["open", "published"]
    because: Literal["submitted", "sampled", "chosen"]
    gates_sign_off: bool
    opened_at: datetime
    published_at: datetime | None
    rating_label: str | None


class ReviewList(BaseModel):
    """Reviews of the authorities asked for: open ones first, the longest waiting at the top."""

    reviews: list[ReviewLine]


QUERY = """
SELECT r.review_id, r.pep_id, r.child_id, p.initials AS child_initials, p.kind_label, r.round,
       r.state, r.because, r.gates_sign_off, r.opened_at, r.published_at, r.rating_label
  FROM reviews r LEFT JOIN peps p USING (pep_id)
 WHERE r.authority = ANY($1) AND ($2::text IS NULL OR r.state = $2)
 ORDER BY r.state, r.published_at DESC NULLS FIRST, r.opened_at, r.review_id
 LIMIT $3
"""


@router.get("/reviews", summary="The virtual school's reviews")
async def list_reviews(
    asking: Asking,
    request: Request,
    authority: str | None = None,
    state: Literal["open", "published"] | None = None,
) -> ReviewList:
    """Return the reviews of the asker's authorities, or of one of them; at most 500.

    Only for the virtual school (403); another authority's are not found (404).
    """
    pool = running_of(request).pool
    held = await held_by(pool, asking)
    own = held.authorities(table().allowed("reviews.list"))
    if not own:
        raise ForbiddenError
    if authority is not None and authority not in own:
        raise NotFoundError
    wanted = [authority] if authority else own
    rows = await pool.fetch(QUERY, wanted, state, MOST)
    return ReviewList(reviews=[ReviewLine(**dict(row)) for row in rows])
