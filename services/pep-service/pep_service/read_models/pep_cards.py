"""Read model: one card a PEP, for lists: how far it is, its dates, its rating.

A card is a pure fold of the PEP's events, so that it can be made of the stream itself where the
table is behind (Kafka may be down).
"""

from collections.abc import Iterable, Mapping
from dataclasses import astuple, dataclass, fields, replace
from datetime import date, datetime
from typing import Any
from uuid import UUID

from epep_events.base import Event
from epep_events.envelope import Metadata
from epep_events.pep import (
    MeetingConfirmationNoted,
    MeetingTimeNoted,
    NextMeetingNoted,
    PageSaved,
    PEPInitiated,
    PEPReturned,
    PEPSignedOff,
    PEPSubmitted,
    QAOutcomeNoted,
    SectionCompleted,
    SectionReopened,
    TargetAmended,
    TargetDrafted,
    TargetSubmitted,
    TargetWithdrawn,
)
from epep_events.profile import Variant
from epep_runtime.civil_time import local_date
from epep_runtime.postgres import Connection, Pool
from epep_runtime.subscriptions import Projector


@dataclass(frozen=True, slots=True)
class Card:
    """A PEP as lists need it; fields in the order of the table's columns."""

    pep_id: UUID
    child_id: UUID
    version: int
    kind_label: str
    variant: Variant
    profile_code: str
    profile_version: int
    initiated_at: datetime
    initiated_on: date
    completion_due: date | None
    meeting_at: datetime | None
    scheduled: bool = False
    confirmed: bool = False
    completed: tuple[str, ...] = ()
    submitted: bool = False
    returned: bool = False
    signed_off_on: date | None = None
    rating: str | None = None
    rating_label: str | None = None
    authority: str = ""


def begin(event: PEPInitiated, meta: Metadata) -> Card:
    """Return the card of a PEP that has just begun."""
    return Card(
        event.pep_id,
        event.child_id,
        meta.stream_version,
        event.kind_label,
        event.variant,
        event.profile_code,
        event.profile_version,
        meta.occurred_at,
        event.initiated_on,
        event.completion_due,
        event.meeting.starts_at if event.meeting else None,
        authority=meta.authority or "",
    )


def evolve(card: Card, event: Event, meta: Metadata) -> Card:
    """Return the card after one more event of its PEP."""
    card = replace(card, version=meta.stream_version)
    match event:
        case MeetingTimeNoted(starts_at=at, completion_due=due):
            return replace(card, scheduled=True, meeting_at=at, completion_due=due)
        case MeetingConfirmationNoted():
            return replace(card, confirmed=True)
        case SectionCompleted(section=section):
            return replace(card, completed=tuple(sorted({*card.completed, section})))
        case SectionReopened(section=section):
            return replace(card, completed=tuple(s for s in card.completed if s != section))
        case PEPSubmitted():
            return replace(card, submitted=True, returned=False)
        case PEPReturned():
            return replace(card, submitted=False, returned=True)
        case PEPSignedOff():
            on = local_date(meta.occurred_at)
            return replace(card, submitted=False, signed_off_on=on)
        case QAOutcomeNoted(rating=rating, rating_label=label):
            return replace(card, rating=rating, rating_label=label)
        case _:
            return card


def fold(events: Iterable[tuple[Event, Metadata]]) -> Card:
    """Return the card that a PEP's whole history makes. Raises ValueError without a beginning."""
    card: Card | None = None
    for event, meta in events:
        if isinstance(event, PEPInitiated):
            card = begin(event, meta)
        elif card is not None:
            card = evolve(card, event, meta)
    if card is None:
        raise ValueError("a PEP begins with PEPInitiated")
    return card


COLUMNS = tuple(each.name for each in fields(Card))
KEEP = "INSERT INTO pep_cards ({}) VALUES ({}) ON CONFLICT (pep_id) DO UPDATE SET {}".format(  # noqa: S608 - the columns are those of Card
    ", ".join(COLUMNS),
    ", ".join(f"${number}" for number in range(1, len(COLUMNS) + 1)),
    ", ".join(f"{name} = excluded.{name}" for name in COLUMNS[2:]),
)


def _card(row: Any) -> Card:
    values = {name: row[name] for name in COLUMNS}
    return Card(**{**values, "completed": tuple(values["completed"])})


async def _begun(connection: Connection, event: PEPInitiated, meta: Metadata) -> None:
    await connection.execute(KEEP, *astuple(begin(event, meta)))


async def _changed(connection: Connection, event: Any, meta: Metadata) -> None:
    row = await connection.fetchrow("SELECT * FROM pep_cards WHERE pep_id = $1", event.pep_id)
    if row is not None:
        await connection.execute(KEEP, *astuple(evolve(_card(row), event, meta)))


async def _passed(connection: Connection, event: Any, meta: Metadata) -> None:
    """Move on the version where the event changes nothing that a card shows."""
    await connection.execute(
        "UPDATE pep_cards SET version = $2 WHERE pep_id = $1", event.pep_id, meta.stream_version
    )


CHANGING: tuple[type[Event], ...] = (
    MeetingTimeNoted,
    MeetingConfirmationNoted,
    SectionCompleted,
    SectionReopened,
    PEPSubmitted,
    PEPReturned,
    PEPSignedOff,
    QAOutcomeNoted,
)
PASSING: tuple[type[Event], ...] = (
    PageSaved,
    TargetDrafted,
    TargetAmended,
    TargetSubmitted,
    TargetWithdrawn,
    NextMeetingNoted,
)

PEP_CARDS = Projector(
    name="pep_cards",
    contexts=("pep",),
    tables=("pep_cards",),
    handles={
        PEPInitiated: _begun,
        **dict.fromkeys(CHANGING, _changed),
        **dict.fromkeys(PASSING, _passed),
    },
)


async def cards_by_child(
    database: Pool | Connection, child_ids: Iterable[UUID]
) -> Mapping[UUID, list[Card]]:
    """Return children's cards as the read model has them, newest PEP first."""
    rows = await database.fetch(
        "SELECT * FROM pep_cards WHERE child_id = ANY($1) ORDER BY initiated_at DESC, pep_id",
        list(set(child_ids)),
    )
    found: dict[UUID, list[Card]] = {}
    for row in rows:
        found.setdefault(row["child_id"], []).append(_card(row))
    return found
