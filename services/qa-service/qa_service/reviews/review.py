"""One review of one PEP, and how its events become its state."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Literal
from uuid import UUID

from epep_events.base import Event
from epep_events.qa import AreaScored, QAPublished, QASelected, RatingGiven
from epep_runtime.event_store import Aggregate
from epep_runtime.ids import derived_id

Decision = Literal["signed_off", "returned", "feedback"]


@dataclass(frozen=True, slots=True)
class Score:
    """One area's level (a key of the scale) and what the reviewer says of it."""

    level: str
    level_label: str
    comment: str | None


@dataclass(frozen=True, slots=True)
class Review:
    """A review as it stands. `selected` is None until the PEP was taken up."""

    selected: QASelected | None = None
    scores: Mapping[str, Score] = field(default_factory=lambda: MappingProxyType({}))
    rating: str | None = None
    rating_label: str | None = None
    comment: str | None = None
    published: QAPublished | None = None

    @property
    def state(self) -> Literal["none", "open", "published"]:
        """Return how far the review has come; a published one is final."""
        if self.selected is None:
            return "none"
        return "published" if self.published else "open"


def evolve(state: Review, event: Event) -> Review:
    """Return the state after one event of the review's stream."""
    match event:
        case QASelected():
            return Review(selected=event)
        case AreaScored():
            score = Score(event.level, event.level_label, event.comment)
            return replace(state, scores=MappingProxyType({**state.scores, event.area: score}))
        case RatingGiven():
            return replace(
                state, rating=event.rating, rating_label=event.rating_label, comment=event.comment
            )
        case QAPublished():
            return replace(state, published=event)
    return state


def _child_of(review: Review) -> UUID | None:
    return review.selected.child_id if review.selected else None


REVIEW = Aggregate("review", Review(), evolve, about=_child_of)


def review_id(pep_id: UUID, number: int) -> UUID:
    """Return the id of the PEP's n-th review (from 1): the same however often it is asked for."""
    return derived_id("review", pep_id, number)
