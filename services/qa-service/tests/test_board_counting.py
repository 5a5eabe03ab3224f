"""From streams to numbers: states by the profile's sections, what is overdue by the day asked."""

from datetime import date
from uuid import UUID

import pytest
from board_stories import PROFILE, pep, review, values

from epep_events.profile import Choice
from qa_service.live_board.counting import Known, count, school_year_began, state_of
from qa_service.live_board.facts import Value, merge
from qa_service.live_board.profiles import ProfileVersions
from qa_service.live_board.shapes import Numbers

TODAY = date(2026, 11, 23)
PROFILES = ProfileVersions({3: PROFILE})


def counted(*streams: dict[str, object], today: date = TODAY) -> Numbers:
    return count(values(*streams), PROFILES, today)


def test_an_authority_with_nothing_has_all_its_states_and_ratings_at_nought() -> None:
    numbers = counted()
    assert (numbers.open, numbers.overdue, numbers.signed_off, numbers.rated) == (0, 0, 0, 0)
    assert [each.label for each in numbers.ratings] == ["Outstanding", "Good", "Inadequate"]
    assert {each.count for each in numbers.states} == {0}
    assert {each.count for each in numbers.ratings} == {0}
    assert (numbers.authority.name, numbers.school_year) == ("Testshire", "2026 to 2027")
    assert (numbers.kinds, numbers.phases, numbers.longest_overdue) == ([], [], [])


@pytest.mark.parametrize(
    ("told", "state"),
    [
        ({}, "initiated"),
        ({"meeting": True}, "meeting_scheduled"),
        ({"meeting": True, "held": True}, "meeting_confirmed"),
        ({"held": True, "section:a": True}, "meeting_confirmed"),
        ({"section:a": True, "section:b": True}, "sections_complete"),
        ({"section:a": True, "section:b": False}, "initiated"),
        ({"section:a": True, "section:b": True, "stage": "submitted"}, "submitted"),
        ({"stage": "returned", "held": True}, "returned"),
        ({"stage": "signed_off"}, "signed_off"),
    ],
)
def test_a_pep_is_in_the_furthest_state_it_has_reached(told: dict[str, object], state: str) -> None:
    value = {name: [1, fact] for name, fact in told.items()}
    assert state_of(value, PROFILE.completed["school_age"]) == state


@pytest.mark.parametrize(
    ("due", "stage", "overdue", "due_soon"),
    [
        ("2026-11-22", None, 1, 0),
        ("2026-11-22", "returned", 1, 0),
        ("2026-11-22", "submitted", 0, 0),
        ("2026-11-23", None, 0, 1),
        ("2026-11-29", None, 0, 1),
        ("2026-11-29", "submitted", 0, 0),
        ("2026-11-30", None, 0, 0),
        (None, None, 0, 0),
    ],
)
def test_overdue_is_a_matter_of_the_day(
    due: str | None, stage: str | None, overdue: int, due_soon: int
) -> None:
    numbers = counted(pep(due=due, stage=stage))
    assert (numbers.overdue, numbers.due_soon) == (overdue, due_soon)
    assert numbers.undated == (due is None)


def test_the_same_values_are_overdue_a_day_later() -> None:
    streams = [pep(due="2026-11-23"), pep(due="2026-11-24", held=True)]
    assert counted(*streams).overdue == 0
    assert counted(*streams, today=date(2026, 11, 24)).overdue == 1
    later = counted(*streams, today=date(2026, 11, 26))
    assert later.overdue == 2
    assert [(each.days, each.state_label) for each in later.longest_overdue] == [
        (3, "Initiated"),
        (2, "Meeting held"),
    ]
    assert [(s.key, s.count, s.overdue) for s in later.states if s.count] == [
        ("initiated", 1, 1),
        ("meeting_confirmed", 1, 1),
    ]


def test_sign_offs_count_in_their_school_year() -> None:
    old = pep(stage="signed_off", signed_off_on="2026-08-31")
    new = pep(stage="signed_off", signed_off_on="2026-09-01")
    numbers = counted(old, new, pep())
    assert (numbers.open, numbers.signed_off) == (1, 1)
    assert school_year_began(date(2027, 8, 31)) == date(2026, 9, 1)


def test_kinds_and_phases_are_told_apart_in_the_profile_s_words() -> None:
    numbers = counted(
        pep(kind="initial", variant="early_years"),
        pep(kind="review", due="2026-11-01"),
        pep(kind="review", stage="signed_off", signed_off_on="2026-10-01"),
        pep(kind="given_up"),
    )
    found = [(each.label, each.open, each.overdue, each.signed_off) for each in numbers.kinds]
    assert found == [("First PEP", 1, 0, 0), ("Termly PEP", 1, 1, 1), ("given_up", 1, 0, 0)]
    assert [(each.label, each.open) for each in numbers.phases] == [
        ("Early years", 1),
        ("School age", 2),
    ]


def test_a_kind_that_the_profile_gave_up_keeps_its_label() -> None:
    newer = PROFILE.model_copy(
        update={"version": 4, "kinds": (Choice(value="review", label="Review"),)}
    )
    both = ProfileVersions({3: PROFILE, 4: newer})
    numbers = count(values(pep(kind="initial"), pep(kind="review")), both, TODAY)
    assert [each.label for each in numbers.kinds] == ["Review", "First PEP"]


def test_a_pep_has_the_rating_of_its_newest_published_review() -> None:
    one, two = UUID(int=1), UUID(int=2)
    numbers = counted(
        pep(pep_id=one),
        review(one, 1, rating="inadequate", on="2026-11-01"),
        review(one, 2, rating="good", on="2026-11-10"),
        review(two, 1, rating="good", on="2026-07-01"),  # of the school year before
        review(two, 2),
    )
    assert [(each.key, each.count) for each in numbers.ratings] == [
        ("outstanding", 0),
        ("good", 1),
        ("inadequate", 0),
    ]
    assert numbers.rated == 1
    assert (numbers.reviews.count, str(numbers.reviews.since)) == (1, "2026-10-05")


def test_a_rating_of_an_older_scale_keeps_its_words() -> None:
    newer = PROFILE.model_copy(update={"version": 4, "scale": PROFILE.scale[:1]})
    both = ProfileVersions({3: PROFILE, 4: newer})
    one = UUID(int=1)
    streams = values(pep(pep_id=one), review(one, 1, rating="good", on="2026-11-01"))
    ratings = count(streams, both, TODAY).ratings
    assert [(each.label, each.count) for each in ratings] == [("Outstanding", 0), ("Good", 1)]


def test_what_is_said_before_a_pep_began_waits_for_it() -> None:
    assert count({f"pep-{UUID(int=1)}": {"held": [3, True]}}, PROFILES, TODAY).open == 0


def test_what_was_worked_out_before_is_kept_until_its_value_changes() -> None:
    streams, known = values(pep(), pep(due="2026-11-01")), Known(frozenset({3}))
    first = count(streams, PROFILES, TODAY, known)
    before = {stream: kept[1] for stream, kept in known.peps.items()}
    [changing, same] = streams
    streams[changing] = merge(streams[changing], {"stage": "submitted"}, 9)
    again = count(streams, PROFILES, TODAY, known)
    assert (first, again) == (
        count(values_before(streams, changing), PROFILES, TODAY),
        count(streams, PROFILES, TODAY),
    )
    assert known.peps[same][1] is before[same]
    assert known.peps[changing][1].state == "submitted"


def values_before(streams: dict[str, Value], changed: str) -> dict[str, Value]:
    told = {name: stamped for name, stamped in streams[changed].items() if name != "stage"}
    return {**streams, changed: told}
