"""A whole journey leaves no personal data where it cannot be erased; and then it is erased."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import quote
from uuid import uuid4

import httpx
import pytest
from authority import EPISODES, HEADER, PEOPLE, Authority, found_team, import_children
from erasing import (
    WHY,
    everything_in_databases,
    in_an_export,
    in_the_log,
    in_the_topic,
    keyring_of,
    own,
    portal_pages,
    rows_that_differ,
    shapes,
)
from journeys import (
    aunt_of,
    await_meeting,
    await_state,
    change_pep,
    complete_sections,
    create_pep,
    draft_target,
    fill_page,
    fill_pages,
    hold_meeting,
    publish_review,
)
from people import Person, body_of, eventually
from searching import Search, forms_of, search_everywhere, tables_of
from test_journey import LINK

from epep_events.base import ERASED
from epep_events.pep import ChildRegistered
from epep_local.backends import Backends
from epep_local.mailbox import Mailbox
from epep_local.system import System
from epep_local.traces import Traces
from epep_runtime.testing import eventually as soon
from pep_service.children.child import child_id_of

pytestmark = pytest.mark.system


@dataclass
class Journey:
    """A child whose names nobody else has, with a PEP that is signed off and judged."""

    authority: Authority
    pep_id: str
    only_theirs: list[str]
    leaver: Person
    values: list[str] = field(default_factory=list)


def a_child_of_its_own(team: Authority, word: str) -> tuple[Authority, list[str]]:
    """Import a child with unusual names; return it and what only this child is called."""
    care_id = f"K{word}"
    first, last, known = f"Zephyra{word}", f"Quillfeather{word}", f"Zeph{word}"
    writers = f"{team.social_worker.email},{team.designated_teacher.email}"
    import_children(
        team.virtual_school,
        team.code,
        f"{HEADER}{care_id},2,14/05/2013,APKN,,,\n",
        f"{EPISODES}{care_id},03/02/2024,S,C2,N1,U4,PR1,,,,B31 1ZQ,B31 2XW,\n",
        f"{PEOPLE}{care_id},{first},{last},{known},{team.school},{writers}\n",
    )
    child_id = str(child_id_of(team.code, care_id))
    team.virtual_school.get("pep", f"/children/{child_id}")
    return replace(team, child_id=child_id), [care_id, first, last, known]


def assign_their_coordinator(team: Authority) -> Person:
    """Let the team's coordinator see the child; the child's page then names them."""
    page, head, leaver = f"/children/{team.child_id}", team.virtual_school, team.coordinator
    assigned = {"account_id": leaver.account_id, "role": "coordinator"}
    head.change("pep", "PUT", f"{page}/people", assigned, head.get("pep", page)["version"])
    leaver.get("pep", page)
    return leaver


def answer_by_link(system: System, mailbox: Mailbox, address: str) -> None:
    """Answer as somebody without an account."""
    mails = eventually(lambda: mailbox.messages_to(address))
    [token] = LINK.findall(body_of(mails[0]))
    answered = httpx.post(
        system.url("meeting") + "/invitation-links/response",
        json={
            "token": token,
            "answer": "accepted",
            "proposed": None,
            "comment": "I will bring her drawings.",
        },
        timeout=20,
    )
    assert answered.status_code == 200, answered.text


@pytest.fixture(scope="module")
def journey(system: System, mailbox: Mailbox) -> Journey:
    """The whole life of a PEP, as people live it."""
    [team] = found_team(system, mailbox, "330")
    word = uuid4().hex[:6]
    authority, only_theirs = a_child_of_its_own(team, word)
    head, teacher = authority.virtual_school, authority.designated_teacher
    worker = authority.social_worker
    looked_for = head.get("pep", f"/home?q={quote(only_theirs[1])}")
    assert looked_for["total"] == 1
    leaver = assign_their_coordinator(authority)
    pep_id = create_pep(authority, head)
    answer_by_link(system, mailbox, aunt_of(authority))
    fill_pages(pep_id, [worker, teacher])
    told = f"Only {only_theirs[3]} sleeps with the hall light on."
    answer_one_text(pep_id, teacher, told)
    target = draft_target(pep_id, teacher)
    hold_meeting(pep_id, teacher)
    await_meeting(teacher, pep_id)
    version = teacher.get("pep", f"/peps/{pep_id}/targets")["version"]
    teacher.change("pep", "POST", f"/peps/{pep_id}/targets/{target}/submission", {}, version)
    complete_sections(pep_id, [worker, teacher])
    await_state(teacher, pep_id, "sections_complete")
    change_pep(teacher, pep_id, "POST", "sign-off", {})
    await_state(teacher, pep_id, "signed_off")
    publish_review(pep_id, head, "green", "feedback")
    system.wait_quiet()
    people = [worker, teacher, head, leaver]
    values = [
        *only_theirs,
        told,
        *(each.email for each in people),
        *(each.name for each in people),
        aunt_of(authority),
        "Aunt Noor",
        "I will bring her drawings.",
        "0121 496 0100",
        "14/05/2013",
        "2013-05-14",
        "B31 1ZQ",
        "B31 2XW",
        "Agreed with everybody.",
        "Jo Bennett",
        "Works hard and asks for help when it is needed.",
        "Reading age is two years behind.",
        "Read aloud to an adult three times a week.",
        "Reads once a week.",
        "Reading age up by three months.",
        "Reading mentor.",
        "Amy chose her reading target.",
        "Amy is proud of her art. Reading is the next step.",
        "Seen and discussed.",
        "A plan that the child would recognise.",
    ]
    return Journey(authority, pep_id, [*only_theirs, told], leaver, values)


def answer_one_text(pep_id: str, person: Person, text: str) -> None:
    """Save one long answer with that text on a page that the person may write."""
    for section in person.get("pep", f"/peps/{pep_id}")["sections"]:
        for page in section["pages"]:
            if page["kind"] == "form" and page["may"]["write"]:
                shown = person.get("pep", f"/peps/{pep_id}/pages/{page['key']}")
                long = [each["key"] for each in shown["fields"] if each["type"] == "text"]
                if long:
                    fill_page(pep_id, person, page["key"], **{long[0]: text})
                    return
    raise AssertionError("there is no page with a text")


async def test_no_personal_value_stands_in_the_clear_anywhere(
    journey: Journey, system: System, backends: Backends, traces: Traces
) -> None:
    search = Search(journey.values)
    assert len(search.values) > 25
    await search_everywhere(search, system, backends, traces)
    assert search.found == []
    for where in ("pep events", "topic pep", "topic meeting", "log of pep", "traces"):
        assert search.looked_at[where] > 100, where


async def test_the_search_finds_what_is_there(journey: Journey, system: System) -> None:
    """Read models hold plain values, so the same search must find them there, in every form."""
    search = Search(journey.values)
    for table, content in await tables_of(system.database_url("pep"), ("home", "change_log")):
        search.look(table, content)
    seen = {each.value for each in search.found}
    assert {*journey.only_theirs, "Read aloud to an adult three times a week."} <= seen
    for value in ("Aunt Noor", "Zoë Ünlü", "a+b@family.example"):
        for form, wanted in forms_of(value).items():
            planted = Search([value])
            planted.look("here", b"\0\1" + wanted + b"\2")
            assert planted.found, form
    for shift in range(3):
        hidden = Search(["Quillfeather"])
        hidden.look("here", base64.b64encode(b"x" * shift + b"my Quillfeather, yes"))
        assert {each.value for each in hidden.found} == {"Quillfeather"}, shift


async def gone(system: System, values: list[str]) -> None:
    """Wait until none of the values is in any table of any service: no rebuild is needed."""

    async def nothing() -> bool:
        assert (await everything_in_databases(system, values)).found == []
        return True

    await soon(nothing)


def shorter(before: dict[tuple[str, str], int], now: dict[tuple[str, str], int]) -> list[object]:
    """Return the streams that have lost something; what was read meanwhile makes some longer."""
    return [stream for stream, version in before.items() if now.get(stream, 0) < version]


async def test_an_erased_adult_is_gone_from_every_service_for_good(
    journey: Journey, system: System
) -> None:
    leaver, head = journey.leaver, journey.authority.virtual_school
    mine = [leaver.email]  # others in this system have the same name
    held = await everything_in_databases(system, mine)
    assert len({each.where for each in held.found}) > 3
    child = f"/children/{journey.authority.child_id}"
    [page] = portal_pages(head, child)
    assert leaver.name in page
    before = await shapes(system)
    assert "is erased" in own(system, "identity", "erase", leaver.account_id, "--why", WHY)
    await gone(system, mine)
    assert leaver.ask("pep", "GET", child).status_code in (401, 403, 404)
    system.wait_quiet()
    [page] = portal_pages(head, child)
    assert journey.only_theirs[1] in page
    assert leaver.name not in page
    assert shorter(before, await shapes(system)) == []


async def test_an_erased_child_is_gone_from_every_service_for_good(
    journey: Journey, system: System, backends: Backends, tmp_path: Path
) -> None:
    child_id, head = journey.authority.child_id, journey.authority.virtual_school
    before = await shapes(system)
    held = await everything_in_databases(system, journey.only_theirs)
    assert {each.value for each in held.found} == set(journey.only_theirs)
    assert "is erased" in own(system, "pep", "erase", child_id, "--why", WHY)
    await gone(system, journey.only_theirs)
    assert "had been erased before" in own(system, "pep", "erase", child_id, "--why", WHY)
    system.wait_quiet()
    # Whoever could see the record is told that it was erased; nobody else is told anything.
    for service, path in (
        ("pep", f"/children/{child_id}"),
        ("pep", f"/peps/{journey.pep_id}"),
        ("meeting", f"/peps/{journey.pep_id}/meeting"),
        ("qa", f"/peps/{journey.pep_id}/review"),
    ):
        answer = head.ask(service, "GET", path)
        assert (answer.status_code, answer.json()["type"]) == (410, "urn:epep:problem:erased"), path
    assert head.get("pep", f"/home?q={quote(journey.only_theirs[1])}")["total"] == 0
    paths = ("/", f"/children/{child_id}", f"/peps/{journey.pep_id}")
    shown = Search(journey.only_theirs)
    for path, page in zip(paths, portal_pages(head, *paths), strict=True):
        assert "</html>" in page
        shown.look(path, page.encode())
    assert shown.found == []
    # The history keeps its shape, and what is sealed in it reads as erased wherever it lies.
    assert shorter(before, await shapes(system)) == []
    await reads_as_erased(system, backends, child_id, tmp_path)
    assert {name: n for name, n in (await rows_that_differ(system)).items() if n} == {}


async def reads_as_erased(system: System, backends: Backends, child_id: str, folder: Path) -> None:
    """The child's stream says so in the log, in the topic, and in an auditor's export."""
    stream, keyring = f"child-{child_id}", keyring_of(system)
    try:
        log = await in_the_log(system, keyring, stream)
        topic = await in_the_topic(system, backends, keyring, child_id, stream)
    finally:
        await keyring.close()
    for events in (log, topic):
        first = events[0].data
        assert isinstance(first, ChildRegistered)
        assert (first.first_name, first.last_name) == (ERASED, ERASED)
    exported = in_an_export(system, folder, stream)
    assert (exported[0]["first_name"], exported[0]["last_name"]) == (ERASED, ERASED)
    assert len(exported) == len(log) == len(topic)
