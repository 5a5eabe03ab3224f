"""A PEP's pages, files and sign-off, refused in a made-up Welsh: nothing is said in English."""

import csv
import io
from datetime import date
from typing import Any

import pytest

from epep_events.profile import Choice, FieldType, FormField
from epep_runtime.language import Language, speaking
from epep_runtime.made_up import outside
from pep_service.access import allocating
from pep_service.children.child import Child
from pep_service.children.describing import years_and_months
from pep_service.children.key_indicators import core_data, key_indicators
from pep_service.importing.csv_files import HEADER, read_rows
from pep_service.importing.problems import Problem, Report, problems_csv
from pep_service.peps.values import MisfitError, stored
from pep_service.read_models.change_log.csv_file import csv_of as changes_of
from pep_service.read_models.home_file import csv_of as children_of

TODAY = date(2026, 11, 2)
MISFITS: list[tuple[FieldType, Any, dict[str, Any]]] = [
    ("line", 7, {}),
    ("line", "a\nb", {}),
    ("line", "a\0b", {}),
    ("line", "x" * 1000, {"max_length": 200}),
    ("text", "x" * 50_000, {}),
    ("choice", "z", {}),
    ("choices", "z", {}),
    ("choices", ["z"], {}),
    ("date", "2026-02-31", {}),
    ("date", "1800-01-01", {}),
    ("date", "2026-12-03", {"past": True}),
    ("integer", "x", {}),
    ("integer", "5", {"minimum": 10}),
    ("integer", "50", {"maximum": 10}),
    ("decimal", "x", {}),
    ("decimal", "1.234", {"decimals": 1}),
    ("decimal", "1.234", {"decimals": 2}),
    ("yes_no", "x", {}),
    ("yes_no_detail", "x", {}),
    ("yes_no_detail", {"answer": None, "detail": "x"}, {}),
]
FILES = [b"PK\x03\x04", b"\0", b"", b"a;b", b"a\tb", b"a,b", b"\xe9,b", b"CHILD,SEX,SEX\n1"]


def field(kind: FieldType, **more: Any) -> FormField:
    choices = (Choice(value="a", label="A"),)
    return FormField(key="f", label="F", type=kind, choices=choices, **more)


@pytest.mark.parametrize(("kind", "raw", "more"), MISFITS)
def test_an_answer_that_does_not_fit(
    kind: FieldType, raw: Any, more: dict[str, Any], welsh: Language
) -> None:
    with speaking(welsh), pytest.raises(MisfitError) as caught:
        stored(field(kind, **more), raw, TODAY)
    assert outside(str(caught.value)) == ""


def test_numbers_of_places_are_words_that_fit() -> None:
    for decimals, words in ((1, "1 decimal place."), (2, "2 decimal places.")):
        with pytest.raises(MisfitError, match=f"Use at most {words}"):
            stored(field("decimal", decimals=decimals), "1.2345", TODAY)


@pytest.mark.parametrize("data", FILES)
def test_a_file_that_cannot_be_read(data: bytes, welsh: Language) -> None:
    report = Report()
    with speaking(welsh):
        read_rows(HEADER, data, report)
    assert report.problems
    assert not [each.reason for each in report.problems if outside(each.reason)]


def test_a_file_of_allocations_without_its_columns(welsh: Language) -> None:
    with speaking(welsh):
        _rows, problems = allocating.read("email,shoe_size\n")
    assert len(problems) == 3
    assert not [each.reason for each in problems if outside(each.reason)]


def rows(data: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(data.decode("utf-8-sig"))))


def test_the_headings_of_files_and_what_they_say_of_their_own(welsh: Language) -> None:
    problem = Problem("header.csv", 3, "UPN", "X", "⟦No.⟧")
    english = [rows(each) for each in (children_of([]), changes_of([]), problems_csv([problem]))]
    assert english[1] == [["When", "Who", "Role", "Section", "What", "Field", "From", "To"]]
    assert english[2][0] == ["file", "line", "column", "value", "reason", "severity"]
    assert english[2][1][-1] == "error"
    with speaking(welsh):
        shown = [rows(each) for each in (children_of([]), changes_of([]), problems_csv([problem]))]
    assert [each[0] for each in shown] == [[f"⟦{name}⟧" for name in each[0]] for each in english]
    assert shown[2][1][-1] == "⟦error⟧"


def test_the_key_indicators_of_a_child_are_named_in_the_language(welsh: Language) -> None:
    child = Child(date_of_birth=date(2015, 5, 1), social_care_id="C1", mother=True)
    with speaking(welsh):
        labels = [each.label for each in key_indicators(child, TODAY)]
        labels += [each.label for each in core_data(child)]
        values = {each.label: each.value for each in core_data(child)}
        assert outside(years_and_months(date(2024, 1, 1), date(2026, 3, 1))) == ""
        assert outside(years_and_months(date(2026, 3, 1), date(2026, 3, 9))) == ""
    assert len(labels) > 10
    assert not [each for each in labels if outside(each)]
    assert values["⟦UPN⟧"] == "⟦Not known⟧"
    assert values["⟦Date of birth⟧"] == "1 Mai 2015"
