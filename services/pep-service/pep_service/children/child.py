"""A child in care as its events tell: who, where living, where learning, who works with them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any
from uuid import UUID

from epep_events.access import CarerAccessApproved, CarerAccessRefused, CarerAccessRequested
from epep_events.base import Event
from epep_events.pep import (
    CareEpisodeEnded,
    CareEpisodeStarted,
    ChildRegistered,
    CoreDataChanged,
    FieldChange,
    Placement,
    PlacementChanged,
    ProfessionalAssigned,
    ProfessionalUnassigned,
    SettingChanged,
)
from epep_runtime.event_store import Aggregate
from epep_runtime.ids import derived_id
from pep_service.children.naming import display_name, initials_of


@dataclass(frozen=True, slots=True)
class Episode:
    """One SSDA903 episode: care under one legal status in one placement; known by its start."""

    started_on: date
    reason: str
    legal_status: str
    category_of_need: str
    placement: Placement
    ended_on: date | None = None
    end_reason: str | None = None
    placement_change_reason: str | None = None


CORE_FIELDS = (
    "first_name",
    "last_name",
    "preferred_name",
    "date_of_birth",
    "sex",
    "ethnicity",
    "upn",
    "mother",
    "mothers_child_born",
)
DATES = frozenset({"date_of_birth", "mothers_child_born", "started_on", "ended_on"})


@dataclass(frozen=True, slots=True)
class Child:
    """A child; before `ChildRegistered` there is none (`child_id` is None).

    `episodes` are in order of their start; `people` are (account id, role) in order of assignment;
    `terms` are the first and last day of those whose role has them; `attended` are the URNs of the
    settings attended since registration, in order; `carers` are the requests for carers' access
    with what became of them (`waiting`, `approved`, `refused`); `approvals` are the requests
    approved, in order, and `ended` is how many of them there were when somebody's role last ended.
    """

    child_id: UUID | None = None
    social_care_id: str = ""
    first_name: str | None = None
    last_name: str | None = None
    preferred_name: str | None = None
    date_of_birth: date = date.min
    sex: str = ""
    ethnicity: str = ""
    upn: str | None = None
    mother: bool | None = None
    mothers_child_born: date | None = None
    setting_urn: str | None = None
    setting_name: str | None = None
    attended: tuple[str, ...] = ()
    episodes: tuple[Episode, ...] = ()
    people: tuple[tuple[UUID, str], ...] = ()
    terms: Mapping[tuple[UUID, str], tuple[date | None, date | None]] = field(default_factory=dict)
    carers: Mapping[UUID, tuple[CarerAccessRequested, str]] = field(default_factory=dict)
    approvals: tuple[UUID, ...] = ()
    ended: Mapping[tuple[UUID, str], int] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Return the name to show."""
        return display_name(
            self.first_name, self.last_name, self.preferred_name, self.social_care_id
        )

    @property
    def initials(self) -> str:
        """Return the initials to show to those who are not told the name."""
        return initials_of(self.first_name, self.last_name, self.social_care_id)

    @property
    def school_moves(self) -> int:
        """Return how often the child changed from one setting to another since registration."""
        return max(0, len(self.attended) - 1)

    @property
    def current_episode(self) -> Episode | None:
        """Return the episode that is open, or None for a child who has left care."""
        return next((each for each in reversed(self.episodes) if each.ended_on is None), None)


def child_id_of(authority: str, social_care_id: str) -> UUID:
    """Return the id of an authority's child, which follows from the authority's own number."""
    return derived_id("child", authority, social_care_id)


def episode_field(started_on: date, field: str) -> str:
    """Return how `CoreDataChanged` names a field of an episode: `episodes.2025-03-01.ended_on`."""
    return f"episodes.{started_on.isoformat()}.{field}"


def evolve(state: Child, event: Event) -> Child:
    """Return the child after the event."""
    match event:
        case ChildRegistered():
            facts = {name: getattr(event, name) for name in CORE_FIELDS}
            return replace(
                state, child_id=event.child_id, social_care_id=event.social_care_id, **facts
            )
        case CoreDataChanged():
            for change in event.changes:
                state = _corrected(state, change)
            return state
        case SettingChanged():
            return _moved_school(state, event)
        case ProfessionalAssigned():
            person = (event.account_id, event.role)
            others = tuple(each for each in state.people if each != person)
            terms = {**state.terms, person: (event.held_from, event.held_to)}
            return replace(state, people=(*others, person), terms=terms)
        case ProfessionalUnassigned():
            gone = (event.account_id, event.role)
            others = tuple(each for each in state.people if each != gone)
            return replace(state, people=others, ended={**state.ended, gone: len(state.approvals)})
        case _:
            return _care_evolved(state, event)


def _care_evolved(state: Child, event: Event) -> Child:
    match event:
        case CareEpisodeStarted():
            episode = Episode(
                event.started_on,
                event.reason,
                event.legal_status,
                event.category_of_need,
                event.placement,
            )
            others = (each for each in state.episodes if each.started_on != event.started_on)
            return _with_episodes(state, (*others, episode))
        case CareEpisodeEnded():
            return _episode_changed(
                state,
                event.started_on,
                ended_on=event.ended_on,
                end_reason=event.reason,
                placement_change_reason=event.placement_change_reason,
            )
        case PlacementChanged():
            return _episode_changed(state, event.on, placement=event.new)
        case _:
            return _carers_evolved(state, event)


def _carers_evolved(state: Child, event: Event) -> Child:
    match event:
        case CarerAccessRequested():
            changed = (event, "waiting")
        case CarerAccessApproved():
            changed = (state.carers[event.request_id][0], "approved")
            state = replace(state, approvals=(*state.approvals, event.request_id))
        case CarerAccessRefused():
            changed = (state.carers[event.request_id][0], "refused")
        case _:
            return state
    return replace(state, carers={**state.carers, event.request_id: changed})


def _with_episodes(state: Child, episodes: Iterable[Episode]) -> Child:
    return replace(state, episodes=tuple(sorted(episodes, key=lambda each: each.started_on)))


def _episode_changed(state: Child, start: date, /, **changes: Any) -> Child:
    return _with_episodes(
        state,
        (replace(each, **changes) if each.started_on == start else each for each in state.episodes),
    )


def _corrected(state: Child, change: FieldChange) -> Child:
    """Apply one corrected fact; `episodes.<start>` with no new value takes the episode out."""
    name, _, rest = change.field.partition(".")
    if name != "episodes":
        return replace(state, **{name: _value(name, change.new)})
    start, _, field = rest.partition(".")
    started_on = date.fromisoformat(start)
    if not field:
        kept = (each for each in state.episodes if each.started_on != started_on)
        return _with_episodes(state, kept)
    return _episode_changed(state, started_on, **{field: _value(field, change.new)})


def _value(field: str, value: Any) -> Any:
    return date.fromisoformat(value) if field in DATES and value is not None else value


def _moved_school(state: Child, event: SettingChanged) -> Child:
    attended = state.attended
    if event.new_urn is not None and attended[-1:] != (event.new_urn,):
        attended = (*attended, event.new_urn)
    return replace(
        state,
        setting_urn=event.new_urn,
        setting_name=event.setting_name,
        attended=attended,
    )


CHILD = Aggregate("child", Child(), evolve, about=lambda child: child.child_id)
