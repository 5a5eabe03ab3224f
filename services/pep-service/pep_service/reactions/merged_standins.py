"""Two accounts have become one: its delegations and covers end, and begin again as the kept one's.

Both what the closed account was given and what others were given through it. Each new one has an
id that follows from the old one's, so that the reaction done twice makes one.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from epep_events.access import CoverArranged, CoverEnded, DelegateAppointed, DelegationEnded
from epep_events.base import Event
from epep_events.envelope import Metadata
from epep_events.identity import AccountsMerged
from epep_runtime.event_store import Aggregate, Cause
from epep_runtime.ids import derived_id
from epep_runtime.subscriptions import Reaction, Reactor
from pep_service.access.covers import COVER, Cover
from pep_service.access.delegations import DELEGATION, Delegation
from pep_service.reactions.merged import kept_by

S = TypeVar("S")

DELEGATIONS = """
SELECT DISTINCT (data ->> 'delegation_id')::uuid AS id, authority FROM events
 WHERE type = 'DelegateAppointed' AND (gives_account = $1 OR gives_for = $1)
"""
COVERS = """
SELECT DISTINCT (data ->> 'cover_id')::uuid AS id, authority FROM events
 WHERE type = 'CoverArranged' AND (gives_account = $1 OR gives_for = $1)
"""


def new_id_of(standin_id: UUID, kept: UUID) -> UUID:
    """Return the id under which a delegation or cover goes on for the account that is kept."""
    return derived_id("after-merge", standin_id, kept)


def appointed_again(
    state: Delegation, old: UUID, kept: UUID, now: datetime
) -> DelegateAppointed | None:
    """Return the delegation with the kept account in the closed one's place, until the same day.

    None where it is over, or where somebody would be the delegate of their own.
    """
    told = state.appointed
    if told is None or state.ended or told.until <= now:
        return None
    changes = {
        "delegation_id": new_id_of(told.delegation_id, kept),
        "account_id": kept if told.account_id == old else told.account_id,
        "appointed_by": kept if told.appointed_by == old else told.appointed_by,
    }
    again = told.model_copy(update=changes)
    return again if again.account_id != again.appointed_by else None


def end_delegation(state: Delegation, kept: UUID, now: datetime) -> list[Event]:
    """Return the end of the closed account's delegation; nothing where it is over."""
    told = state.appointed
    if told is None or state.ended or told.until <= now:
        return []
    return [
        DelegationEnded(delegation_id=told.delegation_id, account_id=told.account_id, ended_by=kept)
    ]


def arranged_again(state: Cover, old: UUID, kept: UUID, now: datetime) -> CoverArranged | None:
    """Return the cover with the kept account in the closed one's place, until the same day.

    None where it is over, or where somebody would cover for themselves.
    """
    told = state.arranged
    if told is None or state.ended or told.until <= now:
        return None
    changes = {
        "cover_id": new_id_of(told.cover_id, kept),
        "account_id": kept if told.account_id == old else told.account_id,
        "covered_id": kept if told.covered_id == old else told.covered_id,
    }
    again = told.model_copy(update=changes)
    return again if again.account_id != again.covered_id else None


def end_cover(state: Cover, now: datetime) -> list[Event]:
    """Return the end of the closed account's cover; nothing where it is over."""
    told = state.arranged
    if told is None or state.ended or told.until <= now:
        return []
    return [
        CoverEnded(
            cover_id=told.cover_id, authority_code=told.authority_code, account_id=told.account_id
        )
    ]


def _once(aggregate: Aggregate[S], said: Event) -> Callable[[S], Sequence[Event]]:
    return lambda there: [said] if there == aggregate.initial else []


async def _replace(
    reaction: Reaction,
    aggregate: Aggregate[S],
    rows: Sequence[Any],
    kept: UUID,
    again: Callable[[S], Event | None],
    end: Callable[[S], list[Event]],
) -> None:
    """Begin each one anew, and end the old one."""
    decisions: dict[UUID, Callable[[S], Sequence[Event]]] = {}
    causes: dict[UUID, Cause] = {}
    for row in rows:
        begun = again((await reaction.load(aggregate, row["id"])).state)
        new, within = new_id_of(row["id"], kept), reaction.cause().within(row["authority"])
        if begun is not None:
            decisions[new] = _once(aggregate, begun)
        decisions[row["id"]] = end
        causes |= {new: within, row["id"]: within}
    await reaction.append_many(aggregate, decisions, causes)


async def move_delegations(reaction: Reaction, event: AccountsMerged, _: Metadata) -> None:
    """Let the kept account delegate, and be the delegate, where the closed one did or was."""
    rows = await reaction.connection.fetch(DELEGATIONS, event.account_id)
    old, kept, now = event.account_id, await kept_by(reaction, event), reaction.now
    await _replace(
        reaction,
        DELEGATION,
        rows,
        kept,
        lambda state: appointed_again(state, old, kept, now),
        lambda state: end_delegation(state, kept, now),
    )


async def move_covers(reaction: Reaction, event: AccountsMerged, _: Metadata) -> None:
    """Let the kept account cover, and be covered, where the closed one did or was."""
    rows = await reaction.connection.fetch(COVERS, event.account_id)
    old, kept, now = event.account_id, await kept_by(reaction, event), reaction.now
    await _replace(
        reaction,
        COVER,
        rows,
        kept,
        lambda state: arranged_again(state, old, kept, now),
        lambda state: end_cover(state, now),
    )


MERGED_DELEGATIONS = Reactor(
    "merged_delegations", ("identity",), {AccountsMerged: move_delegations}
)
MERGED_COVERS = Reactor("merged_covers", ("identity",), {AccountsMerged: move_covers})
"""Reactors of their own: a reaction appends to streams of one kind only."""
