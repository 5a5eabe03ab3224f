"""A small authority at work: its people, a school, a child from the authority's own file."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import uuid4

from people import Person, eventually, make_accounts

from epep_local.mailbox import Mailbox
from epep_local.system import System
from epep_runtime.civil_time import LONDON
from pep_service.children.child import child_id_of

HEADER = "CHILD,SEX,DOB,ETHNIC,UPN,MOTHER,MC_DOB\n"
EPISODES = (
    "CHILD,DECOM,RNE,LS,CIN,PLACE,PLACE_PROVIDER,DEC,REC,REASON_PLACE_CHANGE,HOME_POST,PL_POST,"
    "URN\n"
)
PEOPLE = (
    "CHILD,FIRST_NAME,LAST_NAME,PREFERRED_NAME,SETTING_URN,SOCIAL_WORKER_EMAIL,"
    "DESIGNATED_TEACHER_EMAIL\n"
)
LATE = time(23, 50)
ROLES = ("social_worker", "designated_teacher", "virtual_school", "coordinator")


@dataclass
class Authority:
    """People of one authority, logged in, and one child that they share."""

    code: str
    social_worker: Person
    designated_teacher: Person
    virtual_school: Person
    coordinator: Person
    child_id: str
    school: str


def found_authority(system: System, mailbox: Mailbox, code: str) -> Authority:
    """Make people, a school and a child of that authority, through commands and imports."""
    [authority] = found_team(system, mailbox, code)
    head, coordinator = authority.virtual_school, authority.coordinator
    page = f"/children/{authority.child_id}"
    version = head.get("pep", page)["version"]
    assigned = {"account_id": coordinator.account_id, "role": "coordinator"}
    head.change("pep", "PUT", f"{page}/people", assigned, version)
    system.wait_quiet()  # so that no page that a test opens is older than all this
    return authority


def found_team(
    system: System,
    mailbox: Mailbox,
    code: str,
    children: int = 1,
    person: Callable[..., Person] = Person,
) -> list[Authority]:
    """Make people who share a school and so many children: one Authority for each child.

    `person` makes a Person, or something like one, from the same arguments.
    """
    word = uuid4().hex[:8]
    people = _employ(system, mailbox, code, word, person)
    head = people["virtual_school"]
    school = str(900000 + int(word[:4], 16) % 99999)
    described = {"name": "Larkfield Academy", "phase": "secondary", "authority_code": code}
    head.change("pep", "PUT", f"/settings/{school}", described)
    first = Authority(code, **people, child_id="", school=school)
    return import_more(first, [f"C{word[:6]}{number:03}" for number in range(children)])


def _employ(
    system: System, mailbox: Mailbox, code: str, word: str, person: Callable[..., Person]
) -> dict[str, Person]:
    emails = {role: f"{role}.{word}@{code}.example" for role in ROLES}
    names = dict(zip(ROLES, ("Sam Okoro", "Dina Teller", "Vera Holt", "Cory Lane"), strict=True))
    ids = make_accounts(
        system,
        [
            {"email": email, "name": names[role], "grants": [f"{code}:{role}"]}
            for role, email in emails.items()
        ],
    )
    people = {
        role: person(system, mailbox, email, names[role], ids[email])
        for role, email in emails.items()
    }
    with ThreadPoolExecutor(len(people)) as pool:
        for logged_in in [pool.submit(each.log_in) for each in people.values()]:
            logged_in.result()
    return people


def with_another_child(team: Authority) -> Authority:
    """Return the team with a fresh child, as soon as every service knows of it."""
    [made] = import_more(team, [f"C{uuid4().hex[:9]}"])
    team.virtual_school.system.wait_quiet()
    return made


def import_more(team: Authority, care_ids: list[str]) -> list[Authority]:
    """Import children with these ids for the team's people and school, one Authority for each."""
    head = team.virtual_school
    writers = f"{team.social_worker.email},{team.designated_teacher.email}"
    import_children(
        head,
        team.code,
        HEADER + "".join(f"{each},2,14/05/2013,APKN,,,\n" for each in care_ids),
        EPISODES
        + "".join(f"{each},03/02/2024,S,C2,N1,U4,PR1,,,,B1 1AA,B2 2BB,\n" for each in care_ids),
        PEOPLE
        + "".join(f"{each},Amira,Hussain,Amy,{team.school},{writers}\n" for each in care_ids),
    )
    found = [str(child_id_of(team.code, each)) for each in care_ids]
    for child_id in found:
        head.get("pep", f"/children/{child_id}")
    return [replace(team, child_id=child_id) for child_id in found]


def import_children(head: Person, code: str, header: str, episodes: str, people: str) -> Any:
    """Check and import an authority's files; return the finished import."""
    files = {
        "header": ("header.csv", header.encode(), "text/csv"),
        "episodes": ("episodes.csv", episodes.encode(), "text/csv"),
        "people": ("people.csv", people.encode(), "text/csv"),
    }
    checked = head.ask("pep", "POST", f"/imports?authority={code}", files=files)
    assert checked.status_code == 201, checked.text
    path = f"/imports/{checked.json()['import_id']}"
    assert checked.json()["counts"]["refused"] == 0, checked.text
    head.change("pep", "POST", f"{path}/run", {})

    def done() -> Any:
        found = head.get("pep", path)
        assert found["state"] != "failed", found
        return found if found["state"] == "imported" else None

    return head.wait(done)


def next_weekday(days_ahead: int) -> date:
    """Return the first weekday at least that many days from today."""
    day = datetime.now(UTC).date() + timedelta(days=days_ahead)
    while day.weekday() > 4:
        day += timedelta(days=1)
    return day


def today_that_lasts() -> date:
    """Return today's date in England; minutes before midnight, tomorrow's as soon as it begins."""
    eventually(lambda: datetime.now(LONDON).time() < LATE, patience=700)
    return datetime.now(LONDON).date()


def an_answer(field: dict[str, Any]) -> Any:
    """Return a believable answer to any question of a profile."""
    match field["type"]:
        case "choice":
            return field["choices"][0]["value"]
        case "choices":
            return [field["choices"][0]["value"]]
        case "date":
            return "2026-09-15" if field.get("past") else "2026-11-20"
        case "integer":
            return int(field["minimum"] or 1)
        case "decimal":
            return "96.5" if (field["maximum"] or 100) >= 97 else str(field["maximum"])
        case "yes_no":
            return "yes"
        case "yes_no_detail":
            return {"answer": field["detail_when"], "detail": "Agreed with everybody."}
        case "line":
            return "Jo Bennett"[: field["max_length"]]
        case _:
            return "Works hard and asks for help when it is needed."[: field["max_length"]]
