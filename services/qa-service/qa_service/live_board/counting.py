"""From the values of an authority's streams to its numbers, on a day. Pure.

Nothing here is kept: being overdue depends on the day, a state on the profile's sections, and both
are worked out anew whenever somebody looks.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from qa_service.live_board.facts import SECTION, Value, fact
from qa_service.live_board.profiles import BoardProfile, ProfileVersions
from qa_service.live_board.shapes import (
    OPEN_STATES,
    PHASES,
    AuthorityName,
    GroupCount,
    Numbers,
    OverduePEP,
    RatingCount,
    ReviewsOpen,
    State,
    StateCount,
)

PEP, REVIEW = "pep-", "review-"
SOON = timedelta(days=6)
MOST_OVERDUE = 10
SEPTEMBER = 9


@dataclass(frozen=True, slots=True)
class Pep:
    """One PEP, as far as the board counts it."""

    pep_id: UUID
    child_id: UUID
    kind: str
    variant: str
    profile_version: int
    state: State
    due: date | None
    signed_off_on: date | None

    def overdue(self, today: date) -> bool:
        """Tell whether its completion date has passed before it was handed in."""
        handed_in = self.state in {"submitted", "signed_off"}
        return self.due is not None and self.due < today and not handed_in


@dataclass(frozen=True, slots=True)
class Known:
    """PEPs that were worked out before, by stream, with the value that they were worked out from.

    They hold as long as the profile has the same versions.
    """

    versions: frozenset[int]
    peps: dict[str, tuple[Value, Pep]] = field(default_factory=dict)


def school_year_began(day: date) -> date:
    """Return the 1 September on which the school year of that day began."""
    return date(day.year if day.month >= SEPTEMBER else day.year - 1, SEPTEMBER, 1)


def pep_of(stream: str, value: Value, profiles: ProfileVersions) -> Pep:
    """Return what a PEP's facts amount to; its value has `begun`."""
    begun = fact(value, "begun")
    profile = profiles.of(begun["profile_version"])
    return Pep(
        pep_id=UUID(stream.removeprefix(PEP)),
        child_id=UUID(begun["child_id"]),
        kind=begun["kind"],
        variant=begun["variant"],
        profile_version=begun["profile_version"],
        state=state_of(value, profile.completed.get(begun["variant"], ())),
        due=_day(fact(value, "due")),
        signed_off_on=_day(fact(value, "signed_off_on")),
    )


def state_of(value: Value, sections: Iterable[str]) -> State:
    """Return the furthest state that the facts amount to (domain 1.4)."""
    stage: State | None = fact(value, "stage")
    if stage is not None:
        return stage
    if all(fact(value, f"{SECTION}{key}") for key in sections):
        return "sections_complete"
    if fact(value, "held"):
        return "meeting_confirmed"
    return "meeting_scheduled" if fact(value, "meeting") else "initiated"


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def _peps(values: Mapping[str, Value], profiles: ProfileVersions, known: Known) -> list[Pep]:
    found = []
    for stream, value in values.items():
        if not stream.startswith(PEP) or "begun" not in value:
            continue
        before, pep = known.peps.get(stream, (None, None))
        if pep is None or before is not value:
            pep = pep_of(stream, value, profiles)
            known.peps[stream] = value, pep
        found.append(pep)
    return found


def count(
    values: Mapping[str, Value],
    profiles: ProfileVersions,
    today: date,
    known: Known | None = None,
) -> Numbers:
    """Count an authority's streams. `values` are those of its PEPs and reviews, by stream.

    With `known` of the last time only what has changed since is worked out anew; a value is
    replaced when it changes, and never altered.
    """
    began = school_year_began(today)
    peps = _peps(values, profiles, known or Known(frozenset(profiles.versions)))
    open_peps = [pep for pep in peps if pep.state != "signed_off"]
    done = [pep for pep in peps if pep.signed_off_on and pep.signed_off_on >= began]
    late = [pep for pep in open_peps if pep.overdue(today)]
    ratings = _ratings(values, peps, profiles, began)
    return Numbers(
        authority=AuthorityName(code=profiles.newest.code, name=profiles.newest.name),
        school_year=f"{began.year} to {began.year + 1}",
        today=today,
        open=len(open_peps),
        overdue=len(late),
        due_soon=sum(_soon(pep, today) for pep in open_peps),
        undated=sum(pep.due is None for pep in open_peps),
        signed_off=len(done),
        rated=sum(each.count for each in ratings),
        reviews=_reviews(values),
        states=_states(open_peps, late),
        ratings=ratings,
        kinds=_groups("kind", _kinds(profiles), open_peps, late, done),
        phases=_groups("variant", PHASES, open_peps, late, done),
        longest_overdue=_longest(late, profiles, today),
    )


def _soon(pep: Pep, today: date) -> bool:
    handed_in = pep.state == "submitted"
    return pep.due is not None and today <= pep.due <= today + SOON and not handed_in


def _states(open_peps: list[Pep], late: list[Pep]) -> list[StateCount]:
    counted, overdue = Counter(p.state for p in open_peps), Counter(p.state for p in late)
    return [
        StateCount(key=key, label=label, count=counted[key], overdue=overdue[key])
        for key, label in OPEN_STATES.items()
    ]


def _kinds(profiles: ProfileVersions) -> dict[str, str]:
    """Return the kinds' labels: those of the newest profile, then kinds that it has given up."""
    labels = {choice.value: choice.label for choice in profiles.newest.kinds}
    for version in sorted(profiles.versions, reverse=True):
        for choice in profiles.versions[version].kinds:
            labels.setdefault(choice.value, choice.label)
    return labels


def _groups(
    by: str, labels: Mapping[str, str], open_peps: list[Pep], late: list[Pep], done: list[Pep]
) -> list[GroupCount]:
    counted, overdue, signed = (
        Counter(getattr(pep, by) for pep in peps) for peps in (open_peps, late, done)
    )
    keys = [*labels, *sorted((set(counted) | set(signed)) - set(labels))]
    return [
        GroupCount(
            key=key,
            label=labels.get(key, key),
            open=counted[key],
            overdue=overdue[key],
            signed_off=signed[key],
        )
        for key in keys
        if counted[key] or signed[key]
    ]


def _reviews(values: Mapping[str, Value]) -> ReviewsOpen:
    reviews = [fact(value, "review") for value in values.values() if "result" not in value]
    waiting: list[Any] = [review for review in reviews if review]
    since = min((review["since"] for review in waiting), default=None)
    gates = sum(bool(review["gates_sign_off"]) for review in waiting)
    return ReviewsOpen(count=len(waiting), since=_day(since), gates_sign_off=gates)


def _ratings(
    values: Mapping[str, Value], peps: list[Pep], profiles: ProfileVersions, began: date
) -> list[RatingCount]:
    """Count each PEP's newest published rating by the scale that it was judged on."""
    newest: dict[str, tuple[int, str, str]] = {}
    for value in values.values():
        review, result = fact(value, "review"), fact(value, "result")
        if review and result:
            found = (review["round"], result["rating"], result["on"])
            newest[review["pep_id"]] = max(newest.get(review["pep_id"], found), found)
    versions = {str(pep.pep_id): pep.profile_version for pep in peps}
    counted: Counter[tuple[str, str, str]] = Counter()
    for pep_id, (_, rating, on) in newest.items():
        if on >= began.isoformat():
            counted[_level(profiles.of(versions.get(pep_id)), rating)] += 1
    scale = [(level.key, level.label, level.colour) for level in profiles.newest.scale]
    order = [*scale, *sorted(set(counted) - set(scale))]
    return [
        RatingCount(key=key, label=label, colour=colour, count=counted[key, label, colour])
        for key, label, colour in order
    ]


def _level(profile: BoardProfile, rating: str) -> tuple[str, str, str]:
    for level in profile.scale:
        if level.key == rating:
            return level.key, level.label, level.colour
    return rating, rating, "grey"


def _longest(late: list[Pep], profiles: ProfileVersions, today: date) -> list[OverduePEP]:
    kinds = _kinds(profiles)
    first = sorted(late, key=lambda pep: (pep.due or today, str(pep.pep_id)))[:MOST_OVERDUE]
    return [
        OverduePEP(
            pep_id=pep.pep_id,
            child_id=pep.child_id,
            kind_label=kinds.get(pep.kind, pep.kind),
            state_label=OPEN_STATES[pep.state],
            due=pep.due,
            days=(today - pep.due).days,
        )
        for pep in first
        if pep.due is not None
    ]
