"""A whole journey leaves no personal data where it cannot be erased; and then it is erased."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field, replace
from urllib.parse import quote
from uuid import uuid4

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
from searching import Search, forms_of, search_everywhere, tables_of
from test_journey import LINK, open_an_audit
from traces import Traces

from epep_local.backends import Backends
from epep_local.mailbox import Mailbox
from epep_local.system import System
from epep_runtime.service import Service
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
