"""Following a child's way through care: from the episodes told to what is new or different.

An episode is known by its start. The episodes told are the whole truth from the first of them
on: a known episode in that time that is not told was a mistake and is taken out. Known episodes
before that time stay: a return covers a year, not a childhood.
"""

from collections.abc import Sequence
from datetime import date

from epep_events.base import Event
from epep_events.pep import (
    CareEpisodeEnded,
    CareEpisodeStarted,
    CoreChange,
    CoreDataChanged,
    Placement,
    PlacementChanged,
)
from epep_runtime.language import _
from epep_runtime.problems import RefusedError
from pep_service.children.child import Child, Episode, episode_field, evolve
from pep_service.children.describing import FIELD_LABELS, day, episode_text, json_value
from pep_service.children.facts import EpisodeFacts

ENDS = ("ended_on", "end_reason", "placement_change_reason")
CORRECTABLE = ("reason", "legal_status", "category_of_need")


class UntoldEndError(RefusedError):
    """A known episode is still open, and those told begin after it without telling its end."""

    def __init__(self, open_since: date, started_on: date) -> None:
        super().__init__(
            _(
                "The episode that began on %(known)s was recorded before, runs into the one"
                " that begins on %(told)s, and is not in this file. Give its row too, with"
                " the day it ended.",
                known=day(open_since),
                told=day(started_on),
            ),
            "end-not-told",
        )
        self.started_on = started_on


def follow_care(child: Child, told: Sequence[EpisodeFacts]) -> list[Event]:
    """Return what is new or different in the episodes told (which must not overlap).

    Raises UntoldEndError where they cannot be fitted to the known ones before them.
    """
    told = sorted(told, key=lambda each: each.started_on)
    if not told:
        return []
    events: list[Event] = [*_moved_starts(child, told)]
    child = _after(child, events)
    gone = _taken_out(child, told)
    _refuse_untold_end(_after(child, gone), told)
    events += gone
    child = _after(child, gone)
    for episode in told:
        more = _one_episode(child, episode)
        child = _after(child, more)
        events += more
    return events


def _after(child: Child, events: Sequence[Event]) -> Child:
    for event in events:
        child = evolve(child, event)
    return child


def _changed(child: Child, *changes: CoreChange) -> CoreDataChanged:
    assert child.child_id is not None
    return CoreDataChanged(child_id=child.child_id, changes=changes)


def _change(episode: Episode, name: str, new: object) -> CoreChange:
    return CoreChange(
        field=episode_field(episode.started_on, name),
        label=f"{FIELD_LABELS[name]} (episode from {day(episode.started_on)})",
        old=json_value(getattr(episode, name)),
        new=json_value(new),
    )


def _moved_starts(child: Child, told: Sequence[EpisodeFacts]) -> list[Event]:
    """Find known episodes that are told with another start and otherwise the same."""
    starts = {each.started_on for each in told}
    untold = [each for each in child.episodes if each.started_on not in starts]
    known = {each.started_on for each in child.episodes}
    events: list[Event] = []
    for episode in told:
        if episode.started_on in known:
            continue
        same = next((each for each in untold if _same_but_start(each, episode)), None)
        if same:
            untold.remove(same)
            events.append(_changed(child, _change(same, "started_on", episode.started_on)))
    return events


def _same_but_start(known: Episode, told: EpisodeFacts) -> bool:
    facts = (*CORRECTABLE, "placement")
    overlaps = (known.ended_on is None or known.ended_on > told.started_on) and (
        told.ended_on is None or told.ended_on > known.started_on
    )
    return overlaps and all(getattr(known, name) == getattr(told, name) for name in facts)


def _taken_out(child: Child, told: Sequence[EpisodeFacts]) -> list[Event]:
    starts = {each.started_on for each in told}
    return [
        _changed(
            child,
            CoreChange(
                field=f"episodes.{each.started_on.isoformat()}",
                label=f"Episode from {day(each.started_on)}",
                old=episode_text(each.legal_status, each.placement),
                new=None,
            ),
        )
        for each in child.episodes
        if each.started_on > told[0].started_on and each.started_on not in starts
    ]


def _refuse_untold_end(child: Child, told: Sequence[EpisodeFacts]) -> None:
    first = told[0].started_on
    for known in child.episodes:
        runs_on = known.ended_on is None or known.ended_on > first
        if known.started_on < first and runs_on:
            raise UntoldEndError(known.started_on, first)


def _one_episode(child: Child, told: EpisodeFacts) -> list[Event]:
    known = next((each for each in child.episodes if each.started_on == told.started_on), None)
    if known is not None:
        return _corrections(child, known, told)
    assert child.child_id is not None
    events: list[Event] = [
        CareEpisodeStarted(
            child_id=child.child_id,
            started_on=told.started_on,
            reason=told.reason,
            legal_status=told.legal_status,
            category_of_need=told.category_of_need,
            placement=told.placement,
        )
    ]
    before = [each for each in child.episodes if each.started_on < told.started_on]
    if before and before[-1].ended_on == told.started_on:
        events += _moved_home(child, told.started_on, before[-1].placement, told.placement)
    return events + _ended(child, told)


def _moved_home(child: Child, on: date, old: Placement, new: Placement) -> list[Event]:
    """Return the move, where the new episode is a new home and not only a new legal status."""
    if old.model_copy(update={"home_postcode": new.home_postcode}) == new:
        return []
    assert child.child_id is not None
    return [PlacementChanged(child_id=child.child_id, on=on, old=old, new=new)]


def _ended(child: Child, told: EpisodeFacts) -> list[Event]:
    if told.ended_on is None or told.end_reason is None:
        return []
    assert child.child_id is not None
    return [
        CareEpisodeEnded(
            child_id=child.child_id,
            started_on=told.started_on,
            ended_on=told.ended_on,
            reason=told.end_reason,
            placement_change_reason=told.placement_change_reason,
        )
    ]


def _corrections(child: Child, known: Episode, told: EpisodeFacts) -> list[Event]:
    assert child.child_id is not None
    names = CORRECTABLE if known.ended_on is None else (*CORRECTABLE, *ENDS)
    changes = [
        _change(known, name, getattr(told, name))
        for name in names
        if getattr(known, name) != getattr(told, name)
    ]
    events: list[Event] = [_changed(child, *changes)] if changes else []
    if known.placement != told.placement:
        events.append(
            PlacementChanged(
                child_id=child.child_id,
                on=known.started_on,
                old=known.placement,
                new=told.placement,
            )
        )
    return events + (_ended(child, told) if known.ended_on is None else [])
