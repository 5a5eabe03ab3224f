"""The check of whatever files: nothing breaks it, and what was imported is known again."""

from datetime import date
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st
from import_story import (
    EPISODES_LINE,
    HEADER_LINE,
    a_child,
    a_person,
    an_episode,
    checked,
    file,
    imported,
    known,
)

from pep_service.children.child import Child, evolve
from pep_service.children.updating import bring_up_to_date
from pep_service.children.upn import LETTERS, check_letter
from pep_service.importing.checking import check, read_tables

days = st.dates(date(2012, 3, 1), date(2026, 11, 1))
codes = st.sampled_from(["C1", "C2", "V2"])
places = st.sampled_from([("U6", "PR1"), ("K2", "PR5"), ("T1", "")])


@st.composite
def files(draw: st.DrawFn) -> tuple[list[str], list[str], list[str]]:
    header, episodes, people = [], [], []
    for number in draw(st.lists(st.integers(1, 9), unique=True, min_size=1, max_size=3)):
        child = f"C{number}"
        header.append(a_child(child, UPN="", ETHNIC=draw(st.sampled_from(["WBRI", "AIND"]))))
        starts = sorted(draw(st.lists(days, unique=True, max_size=4)))
        for start, end in pairwise([*starts, None]):
            assert start is not None
            place, provider = draw(places)
            cells = {"DEC": f"{end:%d/%m/%Y}", "REC": "X1"} if end else {}
            told = {"DECOM": f"{start:%d/%m/%Y}", "LS": draw(codes), "PLACE": place}
            episodes.append(an_episode(child, PLACE_PROVIDER=provider, **told, **cells))
        if draw(st.booleans()):
            urn = draw(st.sampled_from(["", "990102", "123456"]))
            people.append(a_person(child, SETTING_URN=urn))
    return header, draw(st.permutations(episodes)), people


@settings(max_examples=30, deadline=None)
@given(files())
def test_whatever_is_imported_is_unchanged_when_it_comes_again(
    told: tuple[list[str], list[str], list[str]],
) -> None:
    first = checked(*told)
    assert first.counts()["refused"] == 0
    again = checked(*told, children=imported(first))
    assert again.counts()["unchanged"] == len(told[0])


@settings(max_examples=40, deadline=None)
@given(files(), files())
def test_a_second_file_leaves_children_as_it_tells_or_refuses_them(
    one: tuple[list[str], list[str], list[str]], two: tuple[list[str], list[str], list[str]]
) -> None:
    children = imported(checked(*one))
    second = checked(*two, children=children)
    for each in second.children:
        child = children.get(each.child_id, Child())
        for event in bring_up_to_date(child, each.child_id, each.facts):
            child = evolve(child, event)
        children[each.child_id] = child
        told = [episode.started_on for episode in each.facts.episodes]
        since = [e.started_on for e in child.episodes if told and e.started_on >= min(told)]
        assert since == sorted(told)
        assert sum(e.ended_on is None for e in child.episodes) <= 1
    third = checked(*two, children=children)
    assert third.counts()["unchanged"] == len(second.children)


@settings(max_examples=40, deadline=None)
@given(st.binary(max_size=300), st.binary(max_size=300), st.none() | st.binary(max_size=300))
def test_no_bytes_break_the_check(header: bytes, episodes: bytes, people: bytes | None) -> None:
    plan = check(read_tables(header, episodes, people), known())
    assert plan.problems
    assert plan.children == ()


@settings(max_examples=40, deadline=None)
@given(st.text(alphabet="\"',;=C12\r\n ", max_size=60))
def test_no_text_after_good_names_breaks_the_check(text: str) -> None:
    data = f"{HEADER_LINE}\n{text}".encode()
    assert checked(data, file(EPISODES_LINE)).counts()["new"] == 0


@settings(max_examples=40, deadline=None)
@given(st.text("0123456789", min_size=12, max_size=12))
def test_every_single_wrong_digit_changes_the_check_letter(digits: str) -> None:
    right = check_letter("A" + digits)
    assert right in LETTERS
    other = str((int(digits[3]) + 1) % 10)
    assert check_letter("A" + digits[:3] + other + digits[4:]) != right
