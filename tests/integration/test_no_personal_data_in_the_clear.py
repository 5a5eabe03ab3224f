"""A whole journey leaves no personal data where it cannot be erased; and then it is erased."""

from __future__ import annotations

import base64
import re
import subprocess
import sys
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import quote
from uuid import UUID, uuid4

import httpx
import pytest
from authority import EPISODES, HEADER, PEOPLE, Authority, found_team, import_children
from journeys import (
    aunt_of,
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
from pydantic import SecretStr
from searching import Search, forms_of, search_everywhere, tables_of
from test_journey import LINK, open_an_audit
from traces import Traces

from epep_events.base import ERASED
from epep_events.contexts import catalog
from epep_events.pep import ChildRegistered
from epep_local.backends import Backends
from epep_local.mailbox import Mailbox
from epep_local.services import SERVICES
from epep_local.system import System
from epep_runtime.chain import first_break
from epep_runtime.event_store import EventStore
from epep_runtime.postgres import open_pool
from epep_runtime.postgres_keyring import PostgresKeyring, master_key
from epep_runtime.rebuild import rebuild
from epep_runtime.service import Service
from epep_runtime.settings import Settings
from identity_service.main import SERVICE as IDENTITY
from meeting_service.main import SERVICE as MEETING
from notification_service.main import SERVICE as NOTIFICATION
from pep_service.children.child import child_id_of
from pep_service.main import SERVICE as PEP
from qa_service.main import SERVICE as QA

pytestmark = pytest.mark.system
ALL: tuple[Service, ...] = (PEP, MEETING, NOTIFICATION, QA, IDENTITY)


@dataclass
class Journey:
    """A child whose names nobody else has, with a PEP that is signed off and judged."""

    authority: Authority
    pep_id: str
    only_theirs: list[str]
    values: list[str] = field(default_factory=list)


def a_child_of_its_own(team: Authority, word: str) -> tuple[Authority, list[str]]:
    """Import a child with unusual names; return it and what only this child is called."""
    care_id, upn = f"K{word}", "H801200001001"
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
    assert upn
    return replace(team, child_id=child_id), [care_id, first, last, known]


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
    pep_id = create_pep(authority, head)
    answer_by_link(system, mailbox, aunt_of(authority))
    fill_pages(pep_id, [worker, teacher])
    told = f"Only {only_theirs[3]} sleeps with the hall light on."
    answer_one_text(pep_id, teacher, told)
    target = draft_target(pep_id, teacher)
    hold_meeting(pep_id, teacher)
    await_state(teacher, pep_id, "meeting_confirmed")
    version = teacher.get("pep", f"/peps/{pep_id}/targets")["version"]
    teacher.change("pep", "POST", f"/peps/{pep_id}/targets/{target}/submission", {}, version)
    complete_sections(pep_id, [worker, teacher])
    await_state(teacher, pep_id, "sections_complete")
    change_pep(teacher, pep_id, "POST", "sign-off", {})
    await_state(teacher, pep_id, "signed_off")
    open_an_audit(head, pep_id)
    publish_review(pep_id, head, "green", "feedback")
    system.wait_quiet()
    people = [worker, teacher, head, authority.coordinator]
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
    return Journey(authority, pep_id, [*only_theirs, told], values)


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
        assert search.looked_at[where] > 1_000, where


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


def erase(system: System, name: str, module: str, subject: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", module, "erase", subject, "--why", "A court ordered it."],
        env=system.environment(name),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


async def versions(system: System, name: str) -> dict[str, int]:
    pool = await open_pool(system.database_url(name), 1)
    try:
        rows = await pool.fetch(
            "SELECT stream_id, count(*) AS n FROM events WHERE stream_id NOT IN"
            " ('operations') GROUP BY stream_id"
        )
        return {row["stream_id"]: row["n"] for row in rows}
    finally:
        await pool.close()


async def chain_holds(system: System, name: str) -> bool:
    pool = await open_pool(system.database_url(name), 1)
    try:
        rows = await pool.fetch(
            "SELECT *, data::text AS text FROM events ORDER BY stream_id, stream_version"
        )
        return bool(rows) and first_break(rows) is None
    finally:
        await pool.close()


async def everything_in_databases(system: System, values: list[str]) -> Search:
    search = Search(values)
    for one in SERVICES:
        for table, content in await tables_of(system.database_url(one.name)):
            search.look(f"{one.name} {table}", content)
    return search


async def rows_that_differ(system: System) -> dict[str, int]:
    """Rebuild every read model that forgets, and count the rows that come out otherwise."""
    told = system.environment("pep")
    found = {}
    for service in ALL:
        settings = Settings(
            database_url=SecretStr(system.database_url(service.name)),
            kafka_bootstrap=told["EPEP_KAFKA_BOOTSTRAP"],
            topic_prefix=system.prefix,
            keyring_url=SecretStr(told["EPEP_KEYRING_URL"]),
            keyring_master_key=SecretStr(told["EPEP_KEYRING_MASTER_KEY"]),
        )
        for projector in service.all_projectors():
            if projector.forget:
                quiet: Any = lambda *_: None  # noqa: E731
                made = await rebuild(service.name, settings, projector, quiet, only_compare=True)
                assert made.comparison is not None
                assert made.comparison.rows >= 0
                found[f"{service.name} {projector.name}"] = made.comparison.differing
    return found


async def test_an_erased_child_is_gone_from_every_service_for_good(
    journey: Journey, system: System
) -> None:
    child_id, head = journey.authority.child_id, journey.authority.virtual_school
    before = {one.name: await versions(system, one.name) for one in ALL}
    held = await everything_in_databases(system, journey.only_theirs)
    assert {each.value for each in held.found} == set(journey.only_theirs)
    assert "is erased" in erase(system, "pep", "pep_service", child_id)
    assert "had been erased before" in erase(system, "pep", "pep_service", child_id)

    async def gone() -> bool:
        search = await everything_in_databases(system, journey.only_theirs)
        assert search.found == []
        return True

    await until(gone)
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
    # The history keeps its shape.
    for one in ALL:
        assert await chain_holds(system, one.name)
        now = await versions(system, one.name)
        now.pop(f"erasure-{child_id}", None)
        assert {stream: now[stream] for stream in before[one.name]} == before[one.name]
    assert await first_event_of(system, child_id) == ERASED
    assert {name: n for name, n in (await rows_that_differ(system)).items() if n} == {}


async def first_event_of(system: System, child_id: str) -> str | None:
    told = system.environment("pep")
    keyring = PostgresKeyring(told["EPEP_KEYRING_URL"], master_key(told["EPEP_KEYRING_MASTER_KEY"]))
    pool = await open_pool(told["EPEP_DATABASE_URL"], 1)
    try:
        store = EventStore(catalog(), "pep", keyring)
        event = (await store.read(pool, f"child-{child_id}"))[0].data
        assert isinstance(event, ChildRegistered)
        return event.first_name
    finally:
        await pool.close()
        await keyring.close()


async def until(look: Any) -> None:
    from epep_runtime.testing import eventually as soon

    await soon(look)


async def test_an_erased_adult_is_gone_from_every_service_for_good(
    system: System, mailbox: Mailbox
) -> None:
    [team] = found_team(system, mailbox, "330")
    worker = team.social_worker
    mine = [worker.email]
    held = await everything_in_databases(system, mine)
    assert held.found
    assert "is erased" in erase(system, "identity", "identity_service", worker.account_id)

    async def gone() -> bool:
        search = await everything_in_databases(system, mine)
        assert search.found == []
        return True

    await until(gone)
    assert UUID(worker.account_id)
    assert re.match(r"40[14]", str(worker.ask("pep", "GET", "/home").status_code)) or (
        worker.ask("pep", "GET", "/home").json()["total"] == 0
    )
