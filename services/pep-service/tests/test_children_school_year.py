"""Year group and key stage from a date of birth."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pep_service.children.school_year import key_stage, school_year, year_group


@pytest.mark.parametrize(
    ("born", "on", "group", "label", "stage"),
    [
        (date(2010, 8, 31), date(2026, 11, 22), 12, "Year 12", "KS5"),
        (date(2010, 9, 1), date(2026, 11, 22), 11, "Year 11", "KS4"),
        (date(2012, 2, 29), date(2026, 8, 31), 9, "Year 9", "KS3"),
        (date(2012, 2, 29), date(2026, 9, 1), 10, "Year 10", "KS4"),
        (date(2022, 8, 31), date(2026, 9, 1), 0, "Reception", "EYFS"),
        (date(2022, 9, 1), date(2026, 9, 1), -1, "Nursery (age 3 to 4)", "EYFS"),
        (date(2024, 5, 5), date(2026, 9, 1), -2, "Early years (age 2 to 3)", "EYFS"),
        (date(2026, 9, 1), date(2026, 9, 2), -5, "Early years (age 0 to 1)", "EYFS"),
        (date(2021, 8, 31), date(2026, 12, 31), 1, "Year 1", "KS1"),
    ],
)
def test_school_years(born: date, on: date, group: int, label: str, stage: str) -> None:
    found = school_year(born, on)
    assert (found.year_group, found.label, found.key_stage) == (group, label, stage)


def test_every_key_stage_in_its_years() -> None:
    stages = {group: key_stage(group) for group in range(-3, 15)}
    assert [group for group, stage in stages.items() if stage == "KS1"] == [1, 2]
    assert [group for group, stage in stages.items() if stage == "KS2"] == [3, 4, 5, 6]
    assert [group for group, stage in stages.items() if stage == "KS3"] == [7, 8, 9]
    assert [group for group, stage in stages.items() if stage == "KS4"] == [10, 11]


@given(
    st.dates(date(2000, 1, 1), date(2024, 12, 31)),
    st.dates(date(2025, 1, 1), date(2027, 12, 31)),
)
def test_it_is_the_age_on_31_august_before_less_four(born: date, on: date) -> None:
    eve = date(on.year if on.month >= 9 else on.year - 1, 8, 31)
    age = eve.year - born.year - ((eve.month, eve.day) < (born.month, born.day))
    assert year_group(born, on) == age - 4


@given(st.dates(date(2005, 1, 1), date(2024, 12, 31)), st.dates(date(2025, 1, 2)))
def test_it_rises_on_1_september_only(born: date, on: date) -> None:
    before = year_group(born, on - timedelta(days=1)) if on < date.max else 0
    rises = 1 if (on.month, on.day) == (9, 1) else 0
    assert year_group(born, on) - before == rises
