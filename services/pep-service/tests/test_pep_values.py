"""What each type of field takes, keeps and refuses."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from epep_events.profile import Choice, FieldType, FormField
from pep_service.peps.values import MisfitError, is_blank, missing_fields, stored

TODAY = date(2026, 11, 2)
CHOICES = tuple(Choice(value=each, label=each.upper()) for each in ("a", "b", "c"))


def field(kind: FieldType, **more: Any) -> FormField:
    return FormField(key="f", label="F", type=kind, **more)


def kept(raw: Any, kind: FieldType, **more: Any) -> Any:
    return stored(field(kind, **more), raw, TODAY)


def refused(raw: Any, kind: FieldType, **more: Any) -> str:
    with pytest.raises(MisfitError) as caught:
        kept(raw, kind, **more)
    return caught.value.code


ALL: tuple[FieldType, ...] = (
    "line",
    "text",
    "choice",
    "choices",
    "date",
    "integer",
    "decimal",
    "yes_no",
    "yes_no_detail",
)


@pytest.mark.parametrize("kind", ALL)
def test_null_takes_an_answer_out(kind: FieldType) -> None:
    assert kept(None, kind, choices=CHOICES) is None


@pytest.mark.parametrize("kind", ["line", "text", "choice", "date", "integer", "decimal", "yes_no"])
def test_an_empty_answer_is_none(kind: FieldType) -> None:
    assert kept("", kind, choices=CHOICES) is None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=6,
)


@settings(deadline=None)
@given(st.sampled_from(ALL), JSON)
def test_whatever_comes_is_kept_or_refused_and_what_is_kept_is_kept_again(
    kind: FieldType, raw: Any
) -> None:
    try:
        value = kept(raw, kind, choices=CHOICES)
    except MisfitError:
        return
    assert kept(value, kind, choices=CHOICES) == value


@settings(deadline=None)
@given(st.text(max_size=300))
def test_text_has_no_control_characters_surrogates_or_outer_space(raw: str) -> None:
    try:
        value = kept(raw, "text", max_length=100)
    except MisfitError:
        value = None
    if value is not None:
        assert value == value.strip()
        assert len(value) <= 100
        assert value.encode()
        assert "\x00" not in value


@pytest.mark.parametrize("raw", ["a\x00b", "\ud800", "a\x07b"])
@pytest.mark.parametrize("kind", ["line", "text"])
def test_characters_that_cannot_be_stored(kind: FieldType, raw: str) -> None:
    assert refused(raw, kind) == "characters"


def test_lines_and_lengths() -> None:
    assert kept("one\r\ntwo", "text") == "one\ntwo"
    assert refused("one\ntwo", "line") == "characters"
    assert kept("x" * 40, "line", max_length=40) == "x" * 40
    assert refused("x" * 41, "line", max_length=40) == "length"
    assert refused("x" * 10_000_000, "text") == "length"


def test_choices_are_of_the_list_in_its_order_and_once() -> None:
    assert kept("a", "choice", choices=CHOICES) == "a"
    assert refused("d", "choice", choices=CHOICES) == "choice"
    assert kept(["c", "a", "c"], "choices", choices=CHOICES) == ["a", "c"]
    assert kept([], "choices", choices=CHOICES) is None
    assert refused(["a", "d"], "choices", choices=CHOICES) == "choice"
    assert refused("a", "choices", choices=CHOICES) == "type"


@settings(deadline=None)
@given(st.dates())
def test_dates_are_real_in_range_and_past_where_they_must_be(day: date) -> None:
    inside = date(1990, 1, 1) <= day <= date(2099, 12, 31)
    if not inside:
        assert refused(day.isoformat(), "date") == "range"
    elif day > TODAY:
        assert kept(day.isoformat(), "date") == day.isoformat()
        assert refused(day.isoformat(), "date", past=True) == "future"
    else:
        assert kept(day.isoformat(), "date", past=True) == day.isoformat()


@pytest.mark.parametrize(
    "raw", ["31/02/2026", "2026-02-30", "2026-2-3", "2026-W01-1", "20260203", "2026-02-03T00:00"]
)
def test_no_dates(raw: str) -> None:
    assert refused(raw, "date") == "date"


def test_today_is_past_and_tomorrow_is_not() -> None:
    assert kept(TODAY.isoformat(), "date", past=True) == TODAY.isoformat()
    tomorrow = TODAY + timedelta(days=1)
    assert refused(tomorrow.isoformat(), "date", past=True) == "future"


@settings(deadline=None)
@given(st.integers(-50, 50))
def test_integers_within_their_bounds(number: int) -> None:
    for raw in (number, str(number), f" {number} "):
        if 0 <= number <= 40:
            assert kept(raw, "integer", minimum=0, maximum=40) == number
        else:
            assert refused(raw, "integer", minimum=0, maximum=40) == "range"


@pytest.mark.parametrize("raw", [True, 1.5, "1.5", "1e3", "１２", "1,000", [1], "9" * 30])
def test_no_integers(raw: Any) -> None:
    assert refused(raw, "integer") == "number"


@settings(deadline=None)
@given(st.decimals(0, 100, places=1))
def test_decimals_are_kept_as_text_of_the_same_number(number: Decimal) -> None:
    value = kept(str(number), "decimal", minimum=0, maximum=100)
    assert Decimal(value) == number
    assert value == kept(value, "decimal")


def test_decimals_have_one_way_to_be_written() -> None:
    assert kept("95.0", "decimal") == kept(95, "decimal") == kept("+95", "decimal") == "95"
    assert kept(95.5, "decimal") == "95.5"
    assert kept("12.5", "decimal", decimals=2) == "12.50"
    assert kept("-0.0", "decimal") == "0"
    assert refused("12.55", "decimal") == "decimals"
    assert refused("100.1", "decimal", maximum=100) == "range"
    for raw in ("NaN", "Infinity", "1e5", True, float("nan"), "1_000", ".5"):
        assert refused(raw, "decimal") == "number"


def test_yes_and_no_with_detail() -> None:
    asks = field("yes_no_detail", mandatory=True)
    assert kept({"answer": "no", "detail": "left over"}, "yes_no_detail") == {
        "answer": "no",
        "detail": None,
    }
    assert kept({"answer": None, "detail": ""}, "yes_no_detail") is None
    assert refused({"answer": None, "detail": "x"}, "yes_no_detail") == "choice"
    assert refused({"answer": "maybe"}, "yes_no_detail") == "choice"
    assert refused({"answer": "yes", "more": 1}, "yes_no_detail") == "type"
    assert refused({"answer": "yes", "detail": "\x00"}, "yes_no_detail") == "characters"
    assert is_blank(asks, stored(asks, {"answer": "yes", "detail": " "}, TODAY))
    assert not is_blank(asks, stored(asks, {"answer": "no"}, TODAY))
    assert not is_blank(asks, stored(asks, {"answer": "yes", "detail": "In May"}, TODAY))


def test_only_mandatory_fields_are_missing() -> None:
    fields = (
        FormField(key="a", label="A", type="line", mandatory=True),
        FormField(key="b", label="B", type="line"),
        FormField(key="c", label="C", type="line", mandatory=True),
    )
    assert [each.key for each in missing_fields(fields, {"a": "x"})] == ["c"]
