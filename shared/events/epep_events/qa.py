"""What qa-service says: reviews of PEPs by the virtual school."""

from typing import Literal
from uuid import UUID

from epep_events.base import Event, Personal, Value


class QASelected(Event):
    """Said when a PEP is taken up for review: submitted to the gate, sampled, or by hand."""

    review_id: UUID
    pep_id: UUID
    child_id: UUID
    round: int
    gates_sign_off: bool
    because: Literal["submitted", "sampled", "chosen"]


class AreaScored(Event):
    """Said when one area gets a level of the authority's scale, with a comment."""

    review_id: UUID
    pep_id: UUID
    area: str
    area_label: str
    level: str
    level_label: str
    old_level_label: str | None
    comment: Personal[str | None]


class RatingGiven(Event):
    """Said when the reviewer chooses the overall rating (S95: chosen, never computed)."""

    review_id: UUID
    pep_id: UUID
    rating: str
    rating_label: str
    old_rating_label: str | None
    comment: Personal[str | None]


class AreaScore(Value):
    """One line of the published result."""

    area: str
    area_label: str
    level_label: str
    comment: Personal[str | None]


class QAPublished(Event):
    """Said when the result is given to the authors: signed off, returned, or as feedback."""

    review_id: UUID
    pep_id: UUID
    child_id: UUID
    decision: Literal["signed_off", "returned", "feedback"]
    rating: str
    rating_label: str
    comment: Personal[str]
    scores: tuple[AreaScore, ...]


EVENTS: tuple[type[Event], ...] = (QASelected, AreaScored, RatingGiven, QAPublished)
