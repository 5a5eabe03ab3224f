"""What the board says: numbers by the authority's own words, and no child's name."""

from datetime import date, datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel

State = Literal[
    "initiated",
    "meeting_scheduled",
    "meeting_confirmed",
    "sections_complete",
    "submitted",
    "returned",
    "signed_off",
]
OPEN_STATES: dict[State, str] = {
    "initiated": "Initiated",
    "meeting_scheduled": "Meeting arranged",
    "meeting_confirmed": "Meeting held",
    "sections_complete": "All sections complete",
    "submitted": "Submitted",
    "returned": "Returned",
}
PHASES = {"early_years": "Early years", "school_age": "School age", "post_16": "Post-16"}


class AuthorityName(BaseModel):
    """An authority."""

    code: str
    name: str


class StateCount(BaseModel):
    """How many open PEPs are in a state, and how many of these are overdue."""

    key: State
    label: str
    count: int
    overdue: int


class RatingCount(BaseModel):
    """How many PEPs have a rating, in the authority's words and colour."""

    key: str
    label: str
    colour: str
    count: int


class GroupCount(BaseModel):
    """The PEPs of one kind, or of one phase of education."""

    key: str
    label: str
    open: int
    overdue: int
    signed_off: int


class OverduePEP(BaseModel):
    """A PEP that should have been complete; `days` ago.

    `child_initials` come from the read model `peps` and not from the board's own values; None where
    that does not know them (yet, or any more).
    """

    pep_id: UUID
    child_id: UUID
    child_initials: str | None = None
    kind_label: str
    state_label: str
    due: date
    days: int


class ReviewsOpen(BaseModel):
    """Reviews that the virtual school has not published, and since when the oldest waits."""

    count: int
    since: date | None
    gates_sign_off: int


class Numbers(BaseModel):
    """All that is counted, on one day.

    `open` PEPs are those not signed off. An open one is `overdue` when its completion date has
    passed and it has not been submitted, `due_soon` when that date is today or in the six days
    after. `signed_off` and `ratings` are of this school year (from 1 September); a PEP's rating is
    that of its newest published review.
    """

    authority: AuthorityName
    school_year: str
    today: date
    open: int
    overdue: int
    due_soon: int
    undated: int
    signed_off: int
    rated: int
    reviews: ReviewsOpen
    states: list[StateCount]
    ratings: list[RatingCount]
    kinds: list[GroupCount]
    phases: list[GroupCount]
    longest_overdue: list[OverduePEP]


class Board(Numbers):
    """The numbers, and how fresh they are.

    Every event that was published until `as_of` is counted. `catching_up` says that this moment is
    more than half a minute ago, or not known yet: nobody should rely on the numbers then.
    """

    as_of: datetime | None
    catching_up: bool
