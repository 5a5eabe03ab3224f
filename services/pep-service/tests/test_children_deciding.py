"""Given a child's events, when more is told, then these events."""

from datetime import date
from typing import Any, get_args
from uuid import UUID

import pytest

from epep_access.people import Person
from epep_events.base import Event
from epep_events.pep import (
    CareEpisodeEnded,
    CareEpisodeStarted,
    ChildRegistered,
    CoreDataChanged,
    Placement,
    PlacementChanged,
    ProfessionalAssigned,
    ProfessionalUnassigned,
    SettingChanged,
)
from epep_events.profile import Role
from epep_runtime.problems import InvalidError, NotFoundError
from pep_service.children.assigning import (
    NEVER_ASSIGNED,
    ROLE_NAMES,
    assign,
    may_hold,
    unassign,
)
from pep_service.children.child import Child, child_id_of, evolve
from pep_service.children.facts import (
    ChildFacts,
    CoreFacts,
    EpisodeFacts,
    NameFacts,
    ProfessionalFacts,
    SettingFacts,
)
from pep_service.children.following_care import UntoldEndError
from pep_service.children.updating import bring_up_to_date

ID = child_id_of("330", "C1")
FOSTERED = Placement(place="U6", provider="PR1", postcode="B86 1AA")
CHILDRENS_HOME = Placement(place="K2", provider="PR5", postcode="B87 2BB")
SALLY, OWEN = UUID(int=1), UUID(int=2)


def core(**more: Any) -> CoreFacts:
    told = {"date_of_birth": date(2012, 2, 29), "sex": "2", "ethnicity": "WBRI", "mother": False}
    return CoreFacts(**(told | more))


def episode(start: date, end: date | None = None, **more: Any) -> EpisodeFacts:
    told: dict[str, Any] = {
        "started_on": start,
        "reason": "S",
        "legal_status": "C1",
        "category_of_need": "N1",
        "placement": FOSTERED,
        "ended_on": end,
        "end_reason": "X1" if end else None,
    }
    return EpisodeFacts(**(told | more))


MAY, JUNE, JULY = date(2025, 5, 1), date(2025, 6, 1), date(2025, 7, 1)


def facts(**more: Any) -> ChildFacts:
    told: dict[str, Any] = {
        "social_care_id": "C1",
        "core": core(),
        "names": NameFacts(first_name="Maya", last_name="Okafor"),
        "episodes": (episode(MAY),),
        "setting": SettingFacts(urn="990102", name="Hollowbrook"),
        "professionals": (ProfessionalFacts(account_id=SALLY, role="social_worker"),),
    }
    return ChildFacts(**(told | more))


def after(*told: ChildFacts) -> Child:
    child = Child()
    for each in told:
        for event in bring_up_to_date(child, ID, each):
            child = evolve(child, event)
    return child


def told_next(*told: ChildFacts) -> list[Event]:
    return bring_up_to_date(after(*told[:-1]), ID, told[-1])


def kinds(events: list[Event]) -> list[type[Event]]:
    return [type(event) for event in events]


def test_a_new_child_is_registered_with_everything_told() -> None:
    events = told_next(facts())
    assert kinds(events) == [
        ChildRegistered,
        CareEpisodeStarted,
        SettingChanged,
        ProfessionalAssigned,
    ]
    child = after(facts())
    assert (child.name, child.initials, child.setting_urn) == ("Maya Okafor", "MO", "990102")
    assert child.current_episode is not None
    assert child.current_episode.placement == FOSTERED
    assert child.people == ((SALLY, "social_worker"),)


def test_the_same_again_says_nothing() -> None:
    assert told_next(facts(), facts()) == []


def test_corrections_name_each_field_with_old_and_new() -> None:
    later = facts(core=core(date_of_birth=date(2012, 3, 1), ethnicity="MWBC"))
    (event,) = told_next(facts(), later)
    assert isinstance(event, CoreDataChanged)
    assert [(c.field, c.label, c.old, c.new) for c in event.changes] == [
        ("date_of_birth", "Date of birth", "2012-02-29", "2012-03-01"),
        ("ethnicity", "Ethnicity", "WBRI", "MWBC"),
    ]
    assert after(facts(), later).date_of_birth == date(2012, 3, 1)


def test_blank_names_stay_and_a_blank_preferred_name_goes() -> None:
    first = facts(names=NameFacts(first_name="Maya", last_name="Okafor", preferred_name="May"))
    child = after(first, facts(names=NameFacts()))
    assert (child.first_name, child.last_name, child.preferred_name) == ("Maya", "Okafor", None)


def test_files_without_people_leave_names_school_and_people_alone() -> None:
    assert told_next(facts(), facts(names=None, setting=None, professionals=())) == []


def test_a_move_ends_one_episode_starts_the_next_and_changes_the_placement() -> None:
    moved = facts(episodes=(episode(MAY, JUNE), episode(JUNE, placement=CHILDRENS_HOME)))
    events = told_next(facts(), moved)
    assert kinds(events) == [CareEpisodeEnded, CareEpisodeStarted, PlacementChanged]
    change = events[-1]
    assert isinstance(change, PlacementChanged)
    assert (change.on, change.old, change.new) == (JUNE, FOSTERED, CHILDRENS_HOME)


def test_a_new_legal_status_in_the_same_home_is_no_change_of_placement() -> None:
    status = facts(episodes=(episode(MAY, JUNE), episode(JUNE, reason="L", legal_status="C2")))
    assert kinds(told_next(facts(), status)) == [CareEpisodeEnded, CareEpisodeStarted]


def test_coming_back_into_care_is_no_change_of_placement() -> None:
    back = facts(
        episodes=(
            episode(MAY, JUNE, end_reason="E4A"),
            episode(JULY, placement=CHILDRENS_HOME),
        )
    )
    assert kinds(told_next(facts(), back)) == [CareEpisodeEnded, CareEpisodeStarted]


def test_one_file_or_two_tell_the_same_story() -> None:
    whole = facts(episodes=(episode(MAY, JUNE), episode(JUNE, placement=CHILDRENS_HOME)))
    assert after(facts(), whole) == after(whole)


def test_a_corrected_placement_is_a_placement_change_of_that_episode() -> None:
    (event,) = told_next(facts(), facts(episodes=(episode(MAY, placement=CHILDRENS_HOME),)))
    assert isinstance(event, PlacementChanged)
    assert (event.on, event.new) == (MAY, CHILDRENS_HOME)


def test_a_corrected_legal_status_names_the_episode() -> None:
    (event,) = told_next(facts(), facts(episodes=(episode(MAY, legal_status="C2"),)))
    assert isinstance(event, CoreDataChanged)
    (change,) = event.changes
    assert change.field == "episodes.2025-05-01.legal_status"
    assert change.label == "Legal status (episode from 1 May 2025)"
    assert (change.old, change.new) == ("C1", "C2")


def test_an_end_taken_back_opens_the_episode_again() -> None:
    ended = facts(episodes=(episode(MAY, JUNE, end_reason="E4A"),))
    child = after(ended, facts())
    assert child.episodes[0].ended_on is None
    assert child.episodes[0].end_reason is None


def test_a_corrected_start_moves_the_episode() -> None:
    (event,) = told_next(facts(), facts(episodes=(episode(date(2025, 5, 2)),)))
    assert isinstance(event, CoreDataChanged)
    assert [(c.old, c.new) for c in event.changes] == [("2025-05-01", "2025-05-02")]
    child = after(facts(), facts(episodes=(episode(date(2025, 5, 2)),)))
    assert [each.started_on for each in child.episodes] == [date(2025, 5, 2)]


def test_an_episode_left_out_of_its_time_is_taken_out() -> None:
    two = facts(episodes=(episode(MAY, JUNE), episode(JUNE, placement=CHILDRENS_HOME)))
    back = facts(episodes=(episode(MAY),))
    child = after(two, back)
    assert [(each.started_on, each.ended_on) for each in child.episodes] == [(MAY, None)]
    assert told_next(two, back, back) == []


def test_ended_episodes_before_those_told_stay() -> None:
    long_ago = facts(episodes=(episode(MAY, JUNE, end_reason="E4A"),))
    child = after(long_ago, facts(episodes=(episode(JULY),)))
    assert [each.started_on for each in child.episodes] == [MAY, JULY]


def test_an_open_episode_before_those_told_needs_its_end() -> None:
    with pytest.raises(UntoldEndError, match="1 May 2025") as refused:
        told_next(facts(), facts(episodes=(episode(JUNE, placement=CHILDRENS_HOME),)))
    assert refused.value.started_on == JUNE


def test_leaving_school_and_another_school_count_as_one_move() -> None:
    none = facts(setting=SettingFacts(urn=None))
    other = facts(setting=SettingFacts(urn="990105", name="Fernhallow"))
    assert kinds(told_next(facts(), none)) == [SettingChanged]
    assert after(facts(), none).setting_urn is None
    assert after(facts(), none, other).school_moves == 1
    assert after(facts(), none, facts()).school_moves == 0


def test_a_role_handed_over_ends_for_those_who_held_it() -> None:
    over = facts(professionals=(ProfessionalFacts(account_id=OWEN, role="social_worker"),))
    ended, given = told_next(facts(), over)
    assert isinstance(ended, ProfessionalUnassigned)
    assert ended.account_id == SALLY
    assert isinstance(given, ProfessionalAssigned)
    assert after(facts(), over).people == ((OWEN, "social_worker"),)


def test_a_second_worker_assigned_by_hand_stays_while_the_file_says_the_same() -> None:
    child = after(facts())
    for event in assign(child, ProfessionalFacts(account_id=OWEN, role="social_worker")):
        child = evolve(child, event)
    assert bring_up_to_date(child, ID, facts()) == []


def test_assigning_twice_says_nothing_and_ending_what_is_not_is_refused() -> None:
    child = after(facts())
    assert assign(child, ProfessionalFacts(account_id=SALLY, role="social_worker")) == []
    with pytest.raises(NotFoundError):
        unassign(child, OWEN, "social_worker")


@pytest.mark.parametrize("role", get_args(Role))
def test_a_role_that_somebody_does_not_hold_is_named_as_it_is(role: Role) -> None:
    with pytest.raises(InvalidError) as refused:
        may_hold(Person(OWEN, "Owen Other", "owen@x.example"), role, "330")
    (error,) = refused.value.errors
    if role in NEVER_ASSIGNED:
        assert error.message == "This is not a role that somebody is given for a child."
    else:
        assert error.message == f"Owen Other does not have the role of {ROLE_NAMES[role]}."
        assert not ROLE_NAMES[role].startswith(("a ", "an ", "the ", "of "))
    holds = Person(OWEN, "Owen", "o@x.example", roles=frozenset({("330", role)}))
    if role not in NEVER_ASSIGNED:
        may_hold(holds, role, "330")
