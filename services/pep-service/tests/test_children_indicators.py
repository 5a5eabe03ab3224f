"""Key indicators, core data and labels."""

from datetime import date

import pytest

from epep_events.pep import Placement
from pep_service.children.child import Child, Episode
from pep_service.children.codes import code_lists
from pep_service.children.describing import placement_text, shown, years_and_months
from pep_service.children.key_indicators import (
    care_began_on,
    core_data,
    key_indicators,
    placements_since,
)
from pep_service.children.naming import display_name, initials_of
from pep_service.children.upn import check_letter, is_upn

TODAY = date(2026, 11, 22)
HOME = Placement(place="U6", provider="PR1", postcode="B86 1AA")
OTHER = Placement(place="K2", provider="PR5", postcode="B87 1AA")


def episode(
    start: date, end: date | None = None, place: Placement = HOME, status: str = "C1"
) -> Episode:
    return Episode(start, "S", status, "N1", place, end, "X1" if end else None)


def child(*episodes: Episode, attended: tuple[str, ...] = ("990102",)) -> Child:
    return Child(
        child_id=None,
        social_care_id="C1",
        first_name="Maya",
        last_name="Okafor",
        date_of_birth=date(2012, 2, 29),
        sex="2",
        ethnicity="WBRI",
        setting_urn=attended[-1] if attended else None,
        attended=attended,
        episodes=episodes,
    )


def indicator(about: Child, label: str) -> tuple[str, str]:
    (found,) = [each for each in key_indicators(about, TODAY) if each.label == label]
    return found.value, found.tone


def test_a_new_legal_status_is_no_new_home() -> None:
    moved = child(
        episode(date(2026, 1, 1), date(2026, 3, 1)),
        episode(date(2026, 3, 1), date(2026, 6, 1), status="C2"),
        episode(date(2026, 6, 1), place=OTHER, status="C2"),
    )
    assert indicator(moved, "Placements in the last 12 months") == ("2", "yellow")
    assert indicator(moved, "Placements in all") == ("2", "none")
    assert indicator(moved, "Legal status") == ("Full care order", "none")
    assert indicator(moved, "Time in care") == ("10 months", "none")


def test_three_homes_within_a_year_are_red_and_old_ones_do_not_count() -> None:
    third = Placement(place="U6", provider="PR1", postcode="B88 1AA")
    about = child(
        episode(date(2020, 1, 1), date(2025, 1, 1), Placement(place="U4", provider="PR1")),
        episode(date(2025, 1, 1), date(2026, 2, 1)),
        episode(date(2026, 2, 1), date(2026, 6, 1), place=OTHER),
        episode(date(2026, 6, 1), place=third),
    )
    assert indicator(about, "Placements in the last 12 months") == ("3", "red")
    assert placements_since(about, None) == 4


def test_time_in_care_counts_from_the_last_coming_into_care() -> None:
    back = child(episode(date(2020, 1, 1), date(2021, 1, 1)), episode(date(2024, 8, 22)))
    assert care_began_on(back) == date(2024, 8, 22)
    assert indicator(back, "Time in care") == ("2 years 3 months", "none")


def test_a_child_who_has_left_care_or_has_no_episode() -> None:
    left = child(episode(date(2020, 1, 1), date(2021, 1, 1)))
    assert indicator(left, "Legal status") == ("Left care on 1 January 2021", "grey")
    assert indicator(child(), "Legal status") == ("No episode recorded", "grey")


def test_school_moves_and_no_school() -> None:
    assert indicator(child(attended=("1", "2", "1")), "School moves") == ("2", "red")
    assert indicator(child(attended=()), "School or setting") == ("None recorded", "red")


def test_core_data_is_in_words_and_has_no_address() -> None:
    lines = {each.label: each.value for each in core_data(child(episode(date(2026, 1, 1))))}
    assert lines["Date of birth"] == "29 February 2012"
    assert lines["Ethnicity"] == "White British"
    assert lines["UPN"] == "Not known"
    assert lines["Placement"] == "Fostering (this authority)"
    assert lines["In this placement since"] == "1 January 2026"
    assert not any("B86" in value for value in lines.values())


def test_values_of_changes_in_words() -> None:
    assert shown("ethnicity", "MWBC") == "White and Black Caribbean"
    assert shown("episodes.2025-05-01.legal_status", "C2") == "Full care order"
    assert shown("date_of_birth", "2012-02-29") == "29 February 2012"
    assert shown("mother", True) == "Yes"
    assert shown("first_name", None) == ""


@pytest.mark.parametrize(
    ("start", "end", "words"),
    [
        (date(2026, 11, 10), date(2026, 11, 22), "12 days"),
        (date(2026, 10, 22), date(2026, 11, 22), "1 month"),
        (date(2025, 11, 22), date(2026, 11, 22), "1 year"),
        (date(2025, 11, 23), date(2026, 11, 22), "11 months"),
        (date(2024, 2, 29), date(2026, 3, 28), "2 years"),
    ],
)
def test_times_in_words(start: date, end: date, words: str) -> None:
    assert years_and_months(start, end) == words


def test_names_and_initials_where_some_are_missing() -> None:
    assert display_name("Maya", "Okafor", "May", "C1") == "May Okafor"
    assert display_name(None, None, None, "C1") == "Child C1"
    assert initials_of("Maya", None, "C1") == "M"
    assert initials_of(None, None, "330123456") == "#3456"


def test_every_code_has_a_label_and_placements_without_provider_have_none() -> None:
    lists = code_lists().lists
    assert all(label for labels in lists.values() for label in labels.values())
    assert {"C1", "C2", "D1", "E1", "V2", "V3", "V4", "L1", "L2", "L3", "J1", "J2", "J3"} == set(
        lists["ls"]
    )
    assert placement_text(Placement(place="T1", provider="")) == "In hospital for a time"


def test_upn_check_letters() -> None:
    assert is_upn("H801200001001")
    assert check_letter("H801200001001") == "H"
    assert check_letter("A12345678901B") == check_letter("Z12345678901B")
    assert not is_upn("I801200001001")
    assert not is_upn("H80120000100")
    assert not is_upn("H８01200001001")
