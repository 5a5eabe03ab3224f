"""PEP cards as pages show them: state, dates, an indicator for each party, the rating."""

from datetime import date, datetime
from uuid import UUID

from pydantic import BaseModel

from epep_events.profile import AuthorityProfile, Section
from epep_runtime.event_store import EventStore
from epep_runtime.language import _
from epep_runtime.postgres import Pool
from pep_service.peps.own_log import histories, peps_of_child
from pep_service.peps.status import STATE_LABELS, State, all_complete, state_from
from pep_service.profiles.form import completable, sections_for
from pep_service.profiles.published import Wanted, profiles_of
from pep_service.read_models.pep_cards import Card, cards_by_child, fold


class Party(BaseModel):
    """One party's indicator: green when its section is complete (S36)."""

    section: str
    label: str
    complete: bool


class PepCard(BaseModel):
    """A PEP in a list. Dates are England's; `meeting_at` is UTC."""

    pep_id: UUID
    kind_label: str
    state: State
    state_label: str
    initiated_on: date
    completion_due: date | None
    meeting_at: datetime | None
    signed_off_on: date | None
    rating_label: str | None
    rating_colour: str | None
    parties: list[Party]


class PepCards(BaseModel):
    """A child's PEPs, newest first: those under way and those signed off."""

    current: list[PepCard]
    completed: list[PepCard]


def parties_of(completed: frozenset[str], sections: tuple[Section, ...]) -> list[Party]:
    """Return an indicator for each section that somebody marks complete."""
    return [
        Party(
            section=section.key,
            label=section.party or section.title,
            complete=section.key in completed,
        )
        for section in completable(sections)
    ]


def colour_of(profile: AuthorityProfile, rating: str | None) -> str | None:
    """Return the colour of a step of the authority's quality scale."""
    return next((level.colour for level in profile.qa.scale if level.key == rating), None)


def bound_to(card: Card) -> Wanted:
    """Return which profile the PEP of a card is bound to."""
    return card.profile_code, card.profile_version


def state_of_card(card: Card, sections: tuple[Section, ...]) -> State:
    """Return where the PEP of a card is on its way."""
    return state_from(
        signed_off=card.signed_off_on is not None,
        submitted=card.submitted,
        returned=card.returned,
        complete=all_complete(frozenset(card.completed), sections),
        confirmed=card.confirmed,
        scheduled=card.scheduled,
    )


def shown(card: Card, profile: AuthorityProfile, *, rating: bool = True) -> PepCard:
    """Return a card as a page shows it, in the words of the profile that the PEP is bound to.

    `rating=False` leaves the quality rating out, for those who do not see it (carers).
    """
    sections = sections_for(profile, card.variant)
    state = state_of_card(card, sections)
    return PepCard(
        pep_id=card.pep_id,
        kind_label=card.kind_label,
        state=state,
        state_label=_(STATE_LABELS[state]),
        initiated_on=card.initiated_on,
        completion_due=card.completion_due,
        meeting_at=card.meeting_at,
        signed_off_on=card.signed_off_on,
        rating_label=card.rating_label if rating else None,
        rating_colour=colour_of(profile, card.rating) if rating else None,
        parties=parties_of(frozenset(card.completed), sections),
    )


async def fresh_cards(pool: Pool, store: EventStore, child_id: UUID) -> list[Card]:
    """Return a child's cards, newest PEP first, with everything that was done until now.

    What the read model has not heard of yet is folded from the PEPs' own streams.
    """
    known = await peps_of_child(pool, child_id)
    kept = {
        card.pep_id: card for card in (await cards_by_child(pool, [child_id])).get(child_id, [])
    }
    late = [
        each.pep_id
        for each in known
        if each.pep_id not in kept or kept[each.pep_id].version < each.version
    ]
    for pep_id, events in (await histories(pool, store, late)).items():
        kept[pep_id] = fold((event.data, event.meta) for event in events)
    return sorted(kept.values(), key=lambda card: card.initiated_at, reverse=True)


async def cards_of_child(
    pool: Pool, store: EventStore, child_id: UUID, *, rating: bool = True
) -> PepCards:
    """Return all PEPs of a child as cards; always up to date, even with Kafka down.

    `rating=False` leaves the quality rating out, for those who do not see it (carers).
    """
    found = await fresh_cards(pool, store, child_id)
    profiles = await profiles_of(pool, (bound_to(card) for card in found))
    cards = [shown(card, profiles[bound_to(card)], rating=rating) for card in found]
    return PepCards(
        current=[card for card in cards if card.state != "signed_off"],
        completed=[card for card in cards if card.state == "signed_off"],
    )
