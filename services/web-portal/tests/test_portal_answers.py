from typing import Any

import pytest
from starlette.datastructures import FormData

from web_portal.problems import FieldProblem
from web_portal.web.answers import Answers, about, read, saved
from web_portal.web.forms import in_words, show
from web_portal.web.questions import Option, Question


def ask(kind: str, **more: Any) -> Question:
    return Question(key="q", label="Date of birth", type=kind, **more)


def answer(question: Question, *pairs: tuple[str, str], needed: bool = False) -> Answers:
    return read([question], FormData([*pairs]), all_needed=needed)


@pytest.mark.parametrize(
    ("typed", "value"),
    [
        (("3", "12", "2026"), "2026-12-03"),
        (("29", "2", "2024"), "2024-02-29"),
        (("", "", ""), None),
    ],
)
def test_a_date_is_read_from_three_fields(typed: tuple[str, str, str], value: str | None) -> None:
    pairs = zip(("q-day", "q-month", "q-year"), typed, strict=True)
    found = answer(ask("date"), *pairs)
    assert found.values == {"q": value}
    assert not found.wrong


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        (("31", "2", "2015"), "must be a real date"),
        (("3", "", "2015"), "must include a month"),
        (("", "", "2015"), "must include a day and a month"),
        (("3", "xii", "2015"), "must be a real date"),
        (("3", "12", "15"), "year of 4 numbers"),
        (("٣٣", "12", "2015"), "must be a real date"),
    ],
)
def test_a_date_that_is_none_is_named_and_kept(typed: tuple[str, str, str], message: str) -> None:
    question = ask("date")
    found = answer(question, *zip(("q-day", "q-month", "q-year"), typed, strict=True))
    assert message in found.errors["q"]
    assert list(found.typed["q"].values()) == list(typed)
    assert show([question], found).summary[0]["href"] == "#field-q-day"


@pytest.mark.parametrize(
    ("typed", "value"),
    [
        ("10:30am", "10:30"),
        ("10.30", "10:30"),
        ("2pm", "14:00"),
        ("2:15 PM", "14:15"),
        ("12am", "00:00"),
        ("12:30pm", "12:30"),
        ("midday", "12:00"),
        ("14:15", "14:15"),
    ],
)
def test_times_are_read_as_people_write_them(typed: str, value: str) -> None:
    assert answer(ask("time"), ("q", typed)).values["q"] == value


@pytest.mark.parametrize("typed", ["25:00", "10:60", "ten", "13pm", "0pm", "10", "10:3"])
def test_what_is_no_time_is_refused(typed: str) -> None:
    assert "must be" in answer(ask("time"), ("q", typed)).errors["q"]


@pytest.mark.parametrize(
    ("kind", "typed", "value"),
    [
        ("integer", "1,200", 1200),
        ("integer", "-3", -3),
        ("decimal", "92.5%", "92.5"),
        ("decimal", "1,000.25", "1000.25"),
        ("line", "  two words ", "two words"),
        ("text", "a\r\nb", "a\nb"),
        ("yes_no", "yes", "yes"),
    ],
)
def test_values_of_each_kind(kind: str, typed: str, value: Any) -> None:
    assert answer(ask(kind), ("q", typed)).values["q"] == value


@pytest.mark.parametrize(
    ("kind", "typed"), [("integer", "1.5"), ("integer", "x"), ("decimal", "1.2.3")]
)
def test_what_is_no_number_is_refused(kind: str, typed: str) -> None:
    assert "number" in answer(ask(kind), ("q", typed)).errors["q"]


def test_a_yes_with_its_detail_goes_to_the_service_and_back() -> None:
    question = ask("yes_no_detail", value={"answer": "yes", "detail": "Why"})
    found = answer(question, ("q", "yes"), ("q-detail", "Why"))
    assert found.values["q"] == {"answer": "yes", "detail": "Why"}
    assert saved([question]).typed == found.typed
    assert answer(question).values["q"] is None


def test_checkboxes_are_a_list() -> None:
    found = answer(ask("choices"), ("q", "a"), ("q", "b"))
    assert found.values["q"] == ["a", "b"]
    assert answer(ask("choices")).values["q"] == []


def test_a_mandatory_blank_is_an_error_only_where_all_is_needed() -> None:
    question = ask("line", mandatory=True, blank="Enter it")
    assert not answer(question).wrong
    assert answer(question, needed=True).errors == {"q": "Enter it"}


def test_a_services_errors_land_at_their_questions() -> None:
    found = answer(ask("line"))
    found.place(
        [FieldProblem("values.q.detail", "Too long", "x"), FieldProblem("other", "No", "y")]
    )
    assert found.errors == {"q": "Date of birth: too long"}
    assert found.general == ["No"]
    empty = answer(ask("line"))
    empty.place([], "It cannot be done")
    assert empty.general == ["It cannot be done"]


def test_values_in_words() -> None:
    choice = ask(
        "choices", choices=(Option(value="a", label="Apple"), Option(value="b", label="Bee"))
    )
    assert in_words(choice, ["a", "b"]) == "Apple\nBee"
    assert in_words(ask("date"), "2026-12-03") == "3 December 2026"
    assert in_words(ask("yes_no_detail"), {"answer": "yes", "detail": "Because"}) == "Yes\nBecause"
    assert in_words(ask("text"), None) == ""


@pytest.mark.parametrize(
    ("label", "message", "text"),
    [
        ("Place", "This is needed.", "Place: this is needed"),
        ("Will you come?", "This is needed.", "Will you come? This is needed"),
        ("Place", "Enter the place", "Enter the place"),
        ("Their email address", "must be real", "Their email address must be real"),
        ("", "No.", "No"),
    ],
)
def test_a_services_message_names_its_question(label: str, message: str, text: str) -> None:
    assert about(label, message) == text
