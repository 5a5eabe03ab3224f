"""The check of an authority's files: each bad case with its line, column, value and reason."""

import csv
import io
from datetime import date

import pytest
from import_story import (
    EPISODES_LINE,
    HEADER_LINE,
    PEOPLE_LINE,
    UPN,
    a_child,
    a_person,
    an_episode,
    checked,
    imported,
    only,
)

from pep_service.children.child import child_id_of
from pep_service.children.upn import check_letter
from pep_service.importing.csv_files import HEADER
from pep_service.importing.problems import problems_csv


def test_good_files_have_no_problem() -> None:
    plan = checked(people=[a_person()])
    assert plan.problems == ()
    assert plan.counts() == {"new": 1, "changed": 0, "unchanged": 0, "refused": 0}
    (child,) = plan.children
    assert child.child_id == child_id_of("330", "C1")
    assert child.facts.core.date_of_birth == date(2012, 2, 29)
    assert child.facts.setting is not None
    assert child.facts.setting.name == "Hollowbrook"
    assert [(p.role, p.account_id.int) for p in child.facts.professionals] == [
        ("social_worker", 1),
        ("designated_teacher", 2),
    ]


def test_a_byte_order_mark_extra_columns_other_order_and_line_ends_do_not_matter() -> None:
    columns = [*reversed(HEADER.columns), "NOTE"]
    cells = dict(zip(HEADER.columns, a_child().split(","), strict=True)) | {"NOTE": '"a, b"'}
    text = (
        f"{','.join(columns).lower()}\n\n{','.join(cells[name] for name in columns)}\n , ,,,,,,\n"
    )
    plan = checked(b"\xef\xbb\xbf" + text.encode())
    assert plan.problems == ()
    assert plan.children == checked().children


HEADER_ERRORS = {
    "no number": ({"CHILD": ""}, "CHILD", "", "number is missing"),
    "a long number": ({"CHILD": "x" * 37}, "CHILD", "x" * 37, "longer than 36"),
    "a control character": ({"CHILD": "C\x07"}, "CHILD", "C\x07", "cannot be stored"),
    "future birth": ({"DOB": "23/11/2026"}, "DOB", "23/11/2026", "in the future"),
    "no such day": ({"DOB": "31/02/2015"}, "DOB", "31/02/2015", "There is no 31 February 2015"),
    "no leap day": ({"DOB": "29/02/2015"}, "DOB", "29/02/2015", "There is no 29 February 2015"),
    "no such month": ({"DOB": "01/13/2015"}, "DOB", "01/13/2015", "There is no month 13"),
    "ISO date": ({"DOB": "2015-02-01"}, "DOB", "2015-02-01", "dd/mm/yyyy"),
    "two-digit year": ({"DOB": "01/02/15"}, "DOB", "01/02/15", "dd/mm/yyyy"),
    "long ago": ({"DOB": "01/02/1066"}, "DOB", "01/02/1066", "out of range"),
    "grown up": ({"DOB": "01/02/1999"}, "DOB", "01/02/1999", "older than 25"),
    "no birth": ({"DOB": ""}, "DOB", "", "date is missing"),
    "sex": ({"SEX": "F"}, "SEX", "F", "The codes are 1, 2, 3"),
    "no sex": ({"SEX": ""}, "SEX", "", "code is missing"),
    "ethnicity": ({"ETHNIC": "wbri"}, "ETHNIC", "wbri", "no such code"),
    "UPN": ({"UPN": "12345"}, "UPN", "12345", "A UPN is a letter"),
    "mother": ({"MOTHER": "yes"}, "MOTHER", "yes", "Write 1"),
    "no mother": ({"MC_DOB": "01/01/2026"}, "MC_DOB", "01/01/2026", "MOTHER is not 1"),
    "too early": (
        {"MOTHER": "1", "MC_DOB": "01/01/2012"},
        "MC_DOB",
        "01/01/2012",
        "born before her",
    ),
}


@pytest.mark.parametrize("case", HEADER_ERRORS)
def test_what_is_wrong_in_the_header_refuses_that_child_only(case: str) -> None:
    cells, column, value, reason = HEADER_ERRORS[case]
    number = cells.get("CHILD", "C2")
    plan = checked(
        [a_child(), a_child("C2", **({"UPN": ""} | cells))],
        [an_episode(), *([an_episode("C2")] if number == "C2" else [])],
    )
    problem = only(plan)
    assert (problem.file, problem.line, problem.column) == ("header.csv", 3, column)
    assert problem.value == value
    assert reason in problem.reason
    assert problem.severity == "error"
    assert plan.counts() == {"new": 1, "changed": 0, "unchanged": 0, "refused": 1}


EPISODE_ERRORS = {
    "no child": ({"CHILD": ""}, "CHILD", "number is missing"),
    "unknown child": ({"CHILD": "C9"}, "CHILD", "no such child in header.csv"),
    "no start": ({"DECOM": ""}, "DECOM", "date is missing"),
    "future start": ({"DECOM": "01/01/2030"}, "DECOM", "in the future"),
    "before birth": ({"DECOM": "28/02/2012"}, "DECOM", "before the child was born"),
    "ends first": ({"DEC": "30/04/2025", "REC": "E8"}, "DEC", "ends before it starts"),
    "bad end": ({"DEC": "31/06/2025", "REC": "E8"}, "DEC", "There is no 31 June 2025"),
    "no reason": ({"DEC": "01/06/2025"}, "REC", "give the reason"),
    "no end": ({"REC": "E8"}, "DEC", "no date"),
    "RNE": ({"RNE": "Q"}, "RNE", "no such code"),
    "LS": ({"LS": "C3"}, "LS", "no such code"),
    "CIN": ({"CIN": "N9"}, "CIN", "no such code"),
    "PLACE": ({"PLACE": "Q1"}, "PLACE", "no such code"),
    "PLACE_PROVIDER": ({"PLACE_PROVIDER": "PR6"}, "PLACE_PROVIDER", "no such code"),
    "no provider": ({"PLACE_PROVIDER": ""}, "PLACE_PROVIDER", "code is missing"),
    "REC": ({"DEC": "01/06/2025", "REC": "E4"}, "REC", "no such code"),
    "why moved": (
        {"DEC": "01/06/2025", "REC": "E8", "REASON_PLACE_CHANGE": "WHY"},
        "REASON_PLACE_CHANGE",
        "no such code",
    ),
}


@pytest.mark.parametrize("case", EPISODE_ERRORS)
def test_what_is_wrong_in_an_episode_refuses_its_child_only(case: str) -> None:
    cells, column, reason = EPISODE_ERRORS[case]
    plan = checked([a_child(), a_child("C2", UPN="")], [an_episode("C2", **cells), an_episode()])
    (problem,) = [each for each in plan.problems if each.severity == "error"]
    assert (problem.file, problem.line, problem.column) == ("episodes.csv", 2, column)
    assert reason in problem.reason
    assert plan.counts()["refused"] == 1
    assert child_id_of("330", "C1") in {each.child_id for each in plan.children}


SEQUENCES = {
    "two open": ([{}, {"DECOM": "01/06/2025"}], 3, "DEC", "line 2 is open, too"),
    "overlap": (
        [{"DEC": "01/07/2025", "REC": "X1"}, {"DECOM": "01/06/2025"}],
        3,
        "DECOM",
        "overlaps the one on line 2",
    ),
    "within an open one": (
        [{}, {"DECOM": "01/06/2025", "DEC": "01/07/2025", "REC": "E8"}],
        3,
        "DECOM",
        "overlaps the one on line 2",
    ),
    "twice": ([{}, {"LS": "C2"}], 3, "DECOM", "line 2 starts on the same day"),
    "out of order": ([{"DECOM": "01/06/2025"}, {}], 2, "DEC", "line 3 is open, too"),
}


@pytest.mark.parametrize("case", SEQUENCES)
def test_episodes_that_do_not_follow_each_other(case: str) -> None:
    rows, line, column, reason = SEQUENCES[case]
    plan = checked(episodes=[an_episode(**cells) for cells in rows])
    problem = only(plan)
    assert (problem.line, problem.column) == (line, column)
    assert reason in problem.reason
    assert plan.counts()["refused"] == 1


WARNINGS = {
    "check letter": ("header", {"UPN": ("A" if UPN[0] != "A" else "B") + UPN[1:]}, "UPN"),
    "postcode": ("episode", {"PL_POST": "nowhere"}, "PL_POST"),
    "home's number": ("episode", {"URN": "12"}, "URN"),
    "change of an open episode": (
        "episode",
        {"REASON_PLACE_CHANGE": "CARPL"},
        "REASON_PLACE_CHANGE",
    ),
    "nothing follows": ("episode", {"DEC": "01/06/2025", "REC": "X1"}, "REC"),
    "unknown setting": ("person", {"SETTING_URN": "123456"}, "SETTING_URN"),
    "no URN": ("person", {"SETTING_URN": "Hollowbrook"}, "SETTING_URN"),
    "unknown address": (
        "person",
        {"SOCIAL_WORKER_EMAIL": "who@x.example"},
        "SOCIAL_WORKER_EMAIL",
    ),
    "no address": ("person", {"SOCIAL_WORKER_EMAIL": "who"}, "SOCIAL_WORKER_EMAIL"),
    "another role": (
        "person",
        {"SOCIAL_WORKER_EMAIL": "s@x.example"},
        "SOCIAL_WORKER_EMAIL",
    ),
    "no name": ("person", {"FIRST_NAME": ""}, "FIRST_NAME"),
}


@pytest.mark.parametrize("case", WARNINGS)
def test_what_is_doubtful_is_said_and_imported(case: str) -> None:
    where, cells, column = WARNINGS[case]
    plan = checked(
        [a_child(**(cells if where == "header" else {}))],
        [an_episode(**(cells if where == "episode" else {}))],
        [a_person(**(cells if where == "person" else {}))],
    )
    problem = only(plan)
    assert (problem.column, problem.severity, problem.line) == (column, "warning", 2)
    assert plan.counts()["new"] == 1


def test_a_setting_not_in_the_register_is_kept_and_an_unknown_address_assigns_nobody() -> None:
    plan = checked(people=[a_person(SETTING_URN="123456", SOCIAL_WORKER_EMAIL="who@x.example")])
    facts = plan.children[0].facts
    assert facts.setting is not None
    assert (facts.setting.urn, facts.setting.name) == ("123456", None)
    assert [each.role for each in facts.professionals] == ["designated_teacher"]


def test_a_child_twice_is_refused_on_both_lines() -> None:
    plan = checked([a_child(), a_child(SEX="1"), a_child("C2", UPN="")], [an_episode("C2")])
    assert [(each.line, each.column) for each in plan.problems if each.severity == "error"] == [
        (2, "CHILD"),
        (3, "CHILD"),
    ]
    assert "2 times: lines 2, 3" in plan.problems[0].reason
    assert plan.counts() == {"new": 1, "changed": 0, "unchanged": 0, "refused": 1}
    people = checked(people=[a_person(), a_person()])
    assert people.counts()["refused"] == 1


def test_two_children_with_one_upn_are_doubtful() -> None:
    plan = checked([a_child(), a_child("C2")], [an_episode(), an_episode("C2")])
    assert [(each.line, each.severity) for each in plan.problems] == [
        (2, "warning"),
        (3, "warning"),
    ]


def test_people_of_unknown_children_are_refused() -> None:
    plan = checked(people=[a_person(), a_person("C7")])
    assert only(plan).file == "people.csv"
    assert plan.counts() == {"new": 1, "changed": 0, "unchanged": 0, "refused": 1}


def test_upn_codes_for_not_known_and_temporary_numbers() -> None:
    assert checked([a_child(UPN="UN3")]).children[0].facts.core.upn is None
    temporary = "A80120000100Z"
    right = check_letter(temporary) + temporary[1:]
    plan = checked([a_child(UPN=right.lower())])
    assert plan.problems == ()
    assert plan.children[0].facts.core.upn == right


UNREADABLE = {
    "empty": (b"", 0, "empty"),
    "blank": (b"\xef\xbb\xbf\r\n ", 0, "empty"),
    "workbook": (b"PK\x03\x04rest", 0, "Excel workbook"),
    "UTF-16": ("CHILD,SEX".encode("utf-16"), 0, "UTF-16"),
    "zeros": (f"{HEADER_LINE}\nC1\0,2".encode(), 2, "not a text file"),
    "prose": (b"Dear all,\nplease find attached", 1, "This is not header.csv"),
    "another file": (EPISODES_LINE.replace("CHILD", "KID").encode(), 1, "This is not header.csv"),
    "semicolons": (HEADER_LINE.replace(",", ";").encode(), 1, "semicolons"),
    "open quote": (f'{HEADER_LINE}\nC1,"2,01/01/2015'.encode(), 2, "not CSV from here on"),
    "stray quote": (f'{HEADER_LINE}\nC1,"2"x,01/01/2015,,,,'.encode(), 2, "not CSV"),
}


@pytest.mark.parametrize("case", UNREADABLE)
def test_files_that_cannot_be_read_are_named_and_nothing_is_planned(case: str) -> None:
    data, line, reason = UNREADABLE[case]
    plan = checked(data)
    (problem,) = plan.problems
    assert (problem.file, problem.line) == ("header.csv", line)
    assert reason in problem.reason
    assert plan.children == ()
    assert plan.counts() == {"new": 0, "changed": 0, "unchanged": 0, "refused": 0}


def test_windows_1252_names_the_line_and_shows_the_text() -> None:
    rows = [a_person(), a_person("C2", FIRST_NAME="José")]
    plan = checked(people="\r\n".join((PEOPLE_LINE, *rows)).encode("cp1252"))
    problem = only(plan)
    assert (problem.file, problem.line) == ("people.csv", 3)
    assert "Windows-1252" in problem.reason
    assert "José" in problem.value
    assert plan.children == ()


def test_each_missing_or_repeated_column_is_named() -> None:
    plan = checked(episodes=b"CHILD,DECOM,RNE,LS,CIN,PLACE,DEC,REC,HOME_POST,PL_POST,URN,LS\n")
    assert [(each.line, each.column, each.reason) for each in plan.problems] == [
        (1, "PLACE_PROVIDER", "This column is missing."),
        (1, "REASON_PLACE_CHANGE", "This column is missing."),
        (1, "LS", "This column is there more than once."),
    ]


def test_a_row_with_cells_missing_refuses_its_child() -> None:
    plan = checked([a_child(), "C2,2,01/01/2015"], [an_episode(), an_episode("C2")])
    problem = only(plan)
    assert (problem.line, problem.reason) == (
        3,
        "This row has 3 cells; the first line names 7 columns.",
    )
    assert plan.counts()["refused"] == 1


def test_lines_are_counted_where_cells_hold_line_breaks() -> None:
    text = f'NOTE,{HEADER_LINE}\n"one\ntwo",{a_child()}\nx,{a_child("C2", SEX="9", UPN="")}\n'
    errors = [each for each in checked(text.encode()).problems if each.severity == "error"]
    assert [each.line for each in errors] == [4]


def test_a_child_without_episodes_is_doubtful() -> None:
    plan = checked(episodes=[])
    assert only(plan).severity == "warning"
    assert plan.counts()["new"] == 1


def test_the_same_files_again_are_unchanged_and_a_correction_is_a_change() -> None:
    before = imported(checked(people=[a_person()]))
    assert checked(people=[a_person()], children=before).counts()["unchanged"] == 1
    assert checked(people=[a_person(LAST_NAME="Oke")], children=before).counts()["changed"] == 1
    assert checked(children=before).counts()["unchanged"] == 1


def test_an_episode_left_open_before_those_told_is_refused_with_its_line() -> None:
    before = imported(checked())
    plan = checked(
        episodes=[an_episode(DECOM="01/06/2025", PLACE="K2", PLACE_PROVIDER="PR5")], children=before
    )
    problem = only(plan)
    assert (problem.file, problem.line, problem.column) == ("episodes.csv", 2, "DECOM")
    assert "1 May 2025" in problem.reason
    assert plan.counts()["refused"] == 1


def test_problems_as_csv_are_no_formulas() -> None:
    plan = checked([a_child(ETHNIC="=HYPERLINK(1)"), a_child("C2", SEX="-1", UPN="")], [])
    text = problems_csv(plan.problems).decode("utf-8-sig")
    rows = list(csv.reader(io.StringIO(text)))
    assert rows[0] == ["file", "line", "column", "value", "reason", "severity"]
    assert {row[3] for row in rows[1:]} == {"'=HYPERLINK(1)", "'-1"}
    assert not any(cell.startswith(("=", "+", "-", "@")) for row in rows for cell in row)
