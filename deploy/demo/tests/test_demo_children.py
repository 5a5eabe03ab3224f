"""The made-up children and files look like an authority's own, and never change by chance."""

import csv
import io
from collections import Counter
from datetime import date, timedelta

import pytest

from epep_demo.authority_files import EPISODES, HEADER, PEOPLE, authority_files
from epep_demo.cast import everybody, settings_of
from epep_demo.children import Child, children_of
from epep_demo.days import (
    is_working_day,
    meeting_time,
    next_term_day,
    term_name,
    working_day,
    year_group,
)
from epep_demo.upn import LETTERS, check_letter, upn

TODAY = date(2026, 11, 23)


@pytest.fixture(scope="module", params=["330", "998"])
def children(request: pytest.FixtureRequest) -> list[Child]:
    return children_of(request.param, TODAY)


def rows(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode())))


def test_check_letter_of_a_well_known_example() -> None:
    assert check_letter("801200001001") == "H"
    assert len(LETTERS) == 23
    assert not set("IOS") & set(LETTERS)


@pytest.mark.parametrize("digits", ["", "12345678901", "1234567890123", "12345678901x"])
def test_check_letter_refuses_anything_but_twelve_digits(digits: str) -> None:
    with pytest.raises(ValueError, match="twelve digits"):
        check_letter(digits)


def test_a_changed_digit_changes_the_letter() -> None:
    number = upn("330", 2019, 1234)
    assert len(number) == 13
    assert number[0] == check_letter(number[1:])
    for place in range(1, 13):
        wrong = str((int(number[place]) + 1) % 10)
        assert check_letter(number[1:place] + wrong + number[place + 1 :]) != number[0]


def test_sixty_different_children_of_all_ages(children: list[Child]) -> None:
    assert len(children) == 60
    assert len({(c.first_name, c.last_name) for c in children}) == 60
    assert len({c.care_id for c in children}) == 60
    years = Counter(c.year for c in children)
    assert set(years) == set(range(-1, 14))
    ages = [(TODAY - c.born).days // 365 for c in children]
    assert min(ages) == 3
    assert max(ages) in {17, 18}
    assert all(year_group(c.born, TODAY) == c.year for c in children)
    assert len({c.ethnicity for c in children}) >= 6


def test_the_same_day_gives_the_same_children(children: list[Child]) -> None:
    again = children_of(children[0].authority, TODAY)
    assert authority_files(children) == authority_files(again)
    longer = children_of(children[0].authority, TODAY, 80, 130)
    assert [c.care_id for c in longer[:60]] == [c.care_id for c in children]


def test_the_year_turns_over_on_the_first_of_september() -> None:
    assert year_group(date(2010, 8, 31), date(2026, 11, 22)) == 12
    assert year_group(date(2010, 9, 1), date(2026, 11, 22)) == 11
    assert year_group(date(2012, 2, 29), date(2026, 8, 31)) == 9
    assert year_group(date(2012, 2, 29), date(2026, 9, 1)) == 10


@pytest.mark.parametrize("today", [TODAY, date(2027, 2, 28), date(2028, 2, 29), date(2026, 9, 1)])
@pytest.mark.parametrize("authority", ["330", "998"])
def test_episodes_follow_one_another(authority: str, today: date) -> None:
    for child in children_of(authority, today, 200, 500):
        first, *_, last = (*child.episodes, child.episodes[-1])
        assert first.reason == "S"
        assert first.started > child.born
        assert last.started <= today
        for one, after in zip(child.episodes, child.episodes[1:], strict=False):
            assert one.started < after.started
            assert one.ended == after.started
            assert one.ended_because == "X1"
            assert after.reason in "PLB"
            assert bool(one.moved_because) == (after.reason in "PB")
        if last.ended:
            assert last.started < last.ended <= today
            assert last.ended_because != "X1"


def test_some_have_left_and_some_are_new(children: list[Child]) -> None:
    assert 0 < sum(not c.in_care for c in children) < 10
    new = [c for c in children if (TODAY - c.came_into_care).days <= 40]
    assert 8 <= len(new) <= 14
    assert any(e.reason == "P" for c in children for e in c.episodes)


def test_young_children_are_not_in_childrens_homes(children: list[Child]) -> None:
    for child in children:
        for each in child.episodes:
            if each.started < child.born + timedelta(days=3652):
                assert each.place not in {"K1", "K2", "H5", "P2"}


def test_some_of_northvale_learn_in_birmingham_under_a_shared_teacher() -> None:
    away = [c for c in children_of("998", TODAY) if c.setting and c.setting.authority == "330"]
    assert 8 <= len(away) <= 12
    local = {c.designated_teacher_email for c in children_of("330", TODAY)}
    shared = {c.designated_teacher_email for c in away}
    assert shared <= local
    grants = {p.email: p.grants for p in everybody()}
    for email in shared:
        assert email
        assert {grant.split(":")[0] for grant in grants[email]} == {"330", "998"}


def test_everybody_can_be_reached_only_at_example_addresses() -> None:
    people = everybody()
    assert len({p.email for p in people}) == len(people)
    assert all(p.email.endswith(".example") and p.email == p.email.lower() for p in people)
    for authority in ("330", "998"):
        roles = {p.role for p in people if p.authority == authority}
        assert roles == {
            *("social_worker", "designated_teacher", "virtual_school"),
            *("coordinator", "iro", "carer"),
        }
        taught = {p.setting for p in people if p.role == "designated_teacher"}
        assert {s.urn for s in settings_of(authority)} <= taught


def test_the_files_have_the_returns_columns(children: list[Child]) -> None:
    files = authority_files(children)
    header, episodes, people = (rows(files[f"{n}.csv"]) for n in ("header", "episodes", "people"))
    assert tuple(header[0]) == HEADER
    assert tuple(episodes[0]) == EPISODES
    assert tuple(people[0]) == PEOPLE
    assert len(header) == len(people) == 60
    assert {r["CHILD"] for r in episodes} == {r["CHILD"] for r in header}
    for row in header:
        day, month, year = row["DOB"].split("/")
        assert date(int(year), int(month), int(day)) < TODAY
        assert row["UPN"] == "UN1" or row["UPN"][0] == check_letter(row["UPN"][1:])


def test_any_size_can_be_made() -> None:
    children = children_of("330", TODAY, 3000, 5000)
    assert len({c.care_id for c in children}) == 3000
    assert sum(len(c.episodes) for c in children) == 5000
    assert len({c.upn for c in children if c.upn}) == sum(bool(c.upn) for c in children)
    with pytest.raises(ValueError, match="at least one episode"):
        children_of("330", TODAY, 10, 9)


def test_meetings_are_on_working_days_in_working_hours() -> None:
    for n in range(-30, 31):
        if n:
            day = working_day(TODAY, n)
            assert is_working_day(day)
            assert (day > TODAY) == (n > 0)
            assert is_working_day(next_term_day(day, n))
            assert next_term_day(day, n) - day >= timedelta(weeks=12)
    times = {meeting_time("x", n) for n in range(200)}
    assert all(9 <= t.hour < 16 for t in times)
    assert len(times) == 12
    assert not is_working_day(date(2026, 12, 28))
    assert [term_name(date(2027, m, 5)) for m in (1, 5, 10)] == ["spring", "summer", "autumn"]
