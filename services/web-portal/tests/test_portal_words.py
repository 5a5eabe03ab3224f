import pytest

from web_portal.web import formatting
from web_portal.web.difference import difference, is_long, readable
from web_portal.web.language import ngettext
from web_portal.web.paging import page_number


@pytest.mark.parametrize(
    ("instant", "words"),
    [
        ("2026-12-03T10:30:00Z", "Thursday 3 December 2026, 10:30am"),
        ("2026-07-03T10:30:00Z", "Friday 3 July 2026, 11:30am"),
        ("2026-12-03T12:00:00+00:00", "Thursday 3 December 2026, midday"),
        ("2026-12-31T23:59:00Z", "Thursday 31 December 2026, 11:59pm"),
        ("2026-06-30T23:30:00Z", "Wednesday 1 July 2026, 12:30am"),
        (None, ""),
    ],
)
def test_instants_are_shown_with_englands_clock(instant: str | None, words: str) -> None:
    assert formatting.moment(instant) == words


def test_other_formats() -> None:
    assert formatting.day("2026-12-03") == "3 December 2026"
    assert formatting.day("2026-06-30T23:30:00Z") == "1 July 2026"
    assert formatting.short_moment("2026-12-03T14:00:00Z") == "3 December 2026 at 2pm"
    assert formatting.span("2026-12-03T10:30:00Z", 90).endswith("10:30am to midday")
    assert formatting.initials("Maya Anne Okafor") == "MAO"
    assert formatting.initials(None) == ""
    assert ngettext("%(num)s change", "%(num)s changes", 1) == "1 change"
    assert ngettext("%(num)s child", "%(num)s children", 1200) == "1,200 children"


def test_a_difference_gives_both_texts_back() -> None:
    old, new = "The cat sat on the mat.", "The black cat sat on a mat!"
    pieces = difference(old, new)
    assert "".join(p.text for p in pieces if p.kind in {"same", "removed"}) == old
    assert "".join(p.text for p in pieces if p.kind in {"same", "added"}) == new
    assert [p.text for p in pieces if p.kind == "removed"] == ["the", "."]


def test_long_same_runs_are_left_out() -> None:
    same = "word " * 200
    pieces = difference(f"{same}old {same}", f"{same}new {same}")
    kinds = [p.kind for p in pieces]
    assert kinds == ["gap", "same", "removed", "added", "same", "gap"]
    assert sum(len(p.text) for p in pieces) < 300


def test_very_long_texts_are_shown_whole_and_quickly() -> None:
    pieces = difference("a " * 5000, "b " * 5000)
    assert [p.kind for p in pieces] == ["removed", "added"]


def test_values_of_the_change_log_are_readable() -> None:
    assert readable(["a", "b"]) == "a, b"
    assert readable(True) == "Yes"
    assert readable({"answer": "yes", "detail": "x"}) == "yes: x"
    assert readable(None) == ""
    assert readable(0) == "0"
    assert not is_long("", "x" * 100)
    assert is_long("y", "x" * 100)


@pytest.mark.parametrize(
    ("text", "number"), [("3", 3), (None, 1), ("0", 1), ("-1", 1), ("x", 1), ("9" * 30, 10_000)]
)
def test_page_numbers(text: str | None, number: int) -> None:
    assert page_number(text) == number
