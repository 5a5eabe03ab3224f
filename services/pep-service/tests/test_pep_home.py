"""The home page's list: whose children, in which order, found by which words."""

import csv
import io
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from epep_runtime.testing import eventually
from pep_service.children.school_year import year_group
from pep_service.read_models.folding import folded, like_patterns
from pep_service.read_models.home import keys_of
from pep_service.read_models.home_finding import born_in_year


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("Zoë O’Brien-Łąka", "zoe obrien laka"),
        ("  SIOBHÁN   Ní Dhálaigh ", "siobhan ni dhalaigh"),
        ("Øyvind Æsir Þór Straße", "oyvind aesir thor strasse"),
        ("李 小龙", "李 小龙"),
    ],
)
def test_names_are_found_without_accents_and_case(text: str, plain: str) -> None:
    assert folded(text) == plain


@settings(deadline=None)
@given(st.text(max_size=60))
def test_patterns_have_no_wildcards_of_their_own(text: str) -> None:
    for pattern in like_patterns(text):
        assert not set(pattern[1:-1]) & set("%_\\")


def test_children_without_names_come_last_and_are_found_by_number() -> None:
    nameless = keys_of("C0001", {"first_name": None, "last_name": None, "preferred_name": None})
    named = keys_of("C0002", {"first_name": "Zoë", "last_name": "Žák", "preferred_name": "Zo"})
    assert named == ("zak zo", "zoe zak zo c0002")
    assert nameless[1] == "c0001"
    assert sorted([nameless, named]) == [named, nameless]


async def listed(world: Any, who: Any, *names: str, **params: Any) -> Any:
    async def there() -> Any:
        answer = await world.get(who, "/home", **params)
        assert answer.status_code == 200, answer.text
        found = answer.json()
        assert [child["name"] for child in found["children"]] == list(names)
        return found

    return await eventually(there)


@pytest.mark.servers
async def test_all_of_a_teachers_children_of_both_authorities_in_one_list(world: Any) -> None:
    teacher = await world.person(
        "Dee Both", ("330", "designated_teacher"), ("998", "designated_teacher")
    )
    mine = (teacher, "designated_teacher")
    await world.child("330", mine, first="Zoë", last="Abara")
    await world.child("998", mine, first="Noor", last="Ábel")
    await world.child("998", first="Nobody’s", last="Abaco")
    home = await listed(world, teacher, "Zoë Abara", "Noor Ábel")
    assert home["total"] == 2
    assert [child["authority"]["code"] for child in home["children"]] == ["330", "998"]
    assert [child["child_label"] for child in home["children"]] == ["CIC", "LAC"]
    assert home["children"][0]["setting"] == "Hollowbrook"
    await listed(world, teacher, "Zoë Abara", q="ZOE aba")
    await listed(world, teacher, "Noor Ábel", authority="998")
    await listed(world, teacher, q="abaco")
    await listed(world, teacher, q="%")
    for wrong in ({"q": "a\x00b"}, {"authority": "33"}, {"page": 0}, {"q": "x" * 201}):
        assert (await world.get(teacher, "/home", **wrong)).status_code == 422


@pytest.mark.servers
async def test_the_virtual_school_sees_its_whole_authority_in_pages(world: Any) -> None:
    office = await world.person("Vera Office", ("330", "virtual_school"))
    marker = "Qqueue"
    for number in range(26):
        await world.child("330", first=f"{marker}{number:02}", last="Zz")
    first = (await world.get(office, "/home", q=marker)).json()
    second = (await world.get(office, "/home", q=marker, page=2)).json()
    assert (first["total"], len(first["children"]), len(second["children"])) == (26, 25, 1)
    assert (await world.get(office, "/home", q=marker, page=3)).json()["total"] == 26
    other = await world.person("Other Office", ("998", "virtual_school"))
    assert (await world.get(other, "/home", q=marker)).json()["total"] == 0


@pytest.mark.servers
async def test_a_whole_authority_and_a_child_of_another_are_one_list(world: Any) -> None:
    both = await world.person(
        "Vera Also", ("330", "virtual_school"), ("998", "virtual_school"), ("998", "iro")
    )
    office = await world.person("Vera Iro", ("330", "virtual_school"), ("998", "iro"))
    reviewed = (office, "iro")
    await world.child("330", reviewed, first="Bea", last="Ttogether")
    await world.child("998", reviewed, first="Abe", last="Ttogether")
    await world.child("998", first="Cai", last="Ttogether")
    home = await listed(world, office, "Abe Ttogether", "Bea Ttogether", q="ttogether")
    assert home["total"] == 2
    assert [(c["role"], c["basis"]) for c in home["children"]] == [
        ("iro", "allocated"),
        ("virtual_school", "authority"),
    ]
    names = ("Abe Ttogether", "Bea Ttogether", "Cai Ttogether")
    assert (await listed(world, both, *names, q="ttogether"))["total"] == 3
    await listed(world, both, names[1], *names[::2], q="ttogether", order="authority")
    await listed(world, both, *names, q="ttogether", order="due", state="no_pep")


@pytest.mark.servers
async def test_the_current_pep_with_its_parties(world: Any) -> None:
    office = await world.person("Vera Cards", ("330", "virtual_school"))
    child_id = await world.child("330", first="Card", last="Ccurrent")
    day = (datetime.now(UTC) + timedelta(days=9)).date().isoformat()
    body = {"kind": "initial", "meeting": {"date": day, "time": "09:00", "reason": "initial"}}
    before = await listed(world, office, "Card Ccurrent", q="ccurrent")
    assert before["children"][0]["pep"] is None
    assert before["children"][0]["may"] == {"create_pep": True}
    made = await world.send(office, "POST", f"/children/{child_id}/peps", body)

    async def shown() -> Any:
        [child] = (await world.get(office, "/home", q="ccurrent")).json()["children"]
        return child["pep"]

    pep = await eventually(shown)
    assert (pep["pep_id"], pep["state"], pep["overdue"]) == (
        made.json()["pep_id"],
        "initiated",
        False,
    )
    assert [party["label"] for party in pep["parties"]] == ["SW", "Child", "DT", "Meeting"]
    assert not any(party["complete"] for party in pep["parties"])


@pytest.mark.parametrize(
    ("group", "first", "last"),
    [(7, "2014-09-01", "2015-08-31"), (0, "2021-09-01", "2022-08-31")],
)
def test_a_year_group_is_a_range_of_birthdays(group: int, first: str, last: str) -> None:
    today = date(2026, 11, 23)
    begin, end = born_in_year(group, today)
    assert (begin.isoformat(), end.isoformat()) == (first, last)
    assert year_group(begin, today) == year_group(end, today) == group
    assert year_group(begin - timedelta(days=1), today) == group + 1


@pytest.mark.servers
async def test_the_list_is_narrowed_ordered_and_handed_over_as_a_file(world: Any) -> None:
    office = await world.person("Vera Filters", ("330", "virtual_school"))
    worker = await world.person("Wanda Filters", ("330", "social_worker"))
    mine = (worker, "social_worker")
    first = await world.child("330", mine, first="Ffilter", last="Aa")
    await world.child("330", mine, first="=Ffilter", last="Bb")
    day = (datetime.now(UTC) + timedelta(days=9)).date().isoformat()
    body = {"kind": "initial", "meeting": {"date": day, "time": "09:00", "reason": "initial"}}
    await listed(world, worker, "Ffilter Aa", "=Ffilter Bb", q="ffilter")
    await world.send(office, "POST", f"/children/{first}/peps", body)

    found = await listed(world, worker, "Ffilter Aa", q="ffilter", needs_me="true")
    assert found["children"][0]["mine"] == ["SW"]
    await listed(world, worker, "=Ffilter Bb", q="ffilter", state="no_pep")
    await listed(world, worker, q="ffilter", state="overdue")
    await listed(world, worker, "Ffilter Aa", "=Ffilter Bb", q="ffilter", order="meeting")
    choices = (await world.get(worker, "/home/choices")).json()["settings"]
    [urn] = [each["urn"] for each in choices]
    await listed(world, worker, "Ffilter Aa", "=Ffilter Bb", q="ffilter", setting=urn)
    await listed(world, worker, q="ffilter", setting="999999")
    year = found["children"][0]["year_group"]
    await listed(world, worker, "Ffilter Aa", "=Ffilter Bb", q="ffilter", year=year)
    await listed(world, worker, q="ffilter", year=year + 1)

    file = await world.get(worker, "/home.csv", q="ffilter")
    assert file.headers["content-type"] == "text/csv; charset=utf-8"
    rows = list(csv.DictReader(io.StringIO(file.content.decode("utf-8-sig"))))
    assert [row["Name"] for row in rows] == ["Ffilter Aa", "'=Ffilter Bb"]
    assert rows[0]["Mine to do"] == "SW"
