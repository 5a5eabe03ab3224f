"""Children over HTTP on real servers: register by import, see by relationship, assign, settings."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio

from epep_access import parts as access
from epep_events.identity import RoleGranted, UserDeactivated, UserRegistered
from epep_events.pep import (
    CareEpisodeStarted,
    ChildRegistered,
    ProfessionalAssigned,
    ProfessionalUnassigned,
    SettingRegistered,
)
from epep_runtime.event_store import Loaded
from epep_runtime.ids import new_id
from epep_runtime.testing import ServiceUnderTest, eventually, service_under_test
from pep_service.children.child import CHILD, child_id_of
from pep_service.children.parts import PROJECTORS
from pep_service.children.registering import register
from pep_service.importing import carrying_out
from pep_service.importing.csv_files import EPISODES, HEADER, PEOPLE
from pep_service.importing.staging import children_to_do, staged
from pep_service.main import SERVICE

pytestmark = pytest.mark.servers

ONLY_CHILDREN = replace(SERVICE, projectors=[*access.PROJECTORS, *PROJECTORS], reactors=[])
"""Without what follows PEPs: fewer subscriptions start faster."""

Headers = dict[str, str]
FILES = {
    "header": (
        f"{','.join(HEADER.columns)}\n"
        "C1,2,29/02/2012,WBRI,,0,\nC2,1,01/09/2014,AIND,,0,\nC3,1,31/02/2015,AIND,,0,\n"
    ),
    "episodes": (
        f"{','.join(EPISODES.columns)}\n"
        "C1,01/05/2025,S,C1,N1,U6,PR1,01/06/2025,X1,CARPL,B86 1AA,B87 2BB,\n"
        "C1,01/06/2025,P,C1,N1,K2,PR5,,,,B86 1AA,B88 3CC,SC123456\n"
        "C2,01/07/2026,S,V2,N1,U4,PR1,,,,,,\n"
    ),
    "people": (
        f"{','.join(PEOPLE.columns)}\n"
        "C1,Maya,Okafor,,990102,aisha@w.example,sally@h.example\n"
        "C2,Ravi,Menon,Rav,990102,nobody@w.example,\n"
    ),
}


class Cast:
    """The service, and people who are known to it."""

    def __init__(self, service: ServiceUnderTest) -> None:
        self.service, self.client = service, service.client
        self.head, self.aisha, self.sally, self.northvale, self.gone = (new_id() for _ in range(5))
        self.as_head = service.as_person(self.head, ("330", "virtual_school"))
        self.as_aisha = service.as_person(self.aisha, ("330", "social_worker"))
        self.as_sally = service.as_person(self.sally, ("998", "designated_teacher"))
        self.as_northvale = service.as_person(self.northvale, ("998", "virtual_school"))

    async def introduce(self) -> None:
        """Say who has an account and which role, as identity does; register a setting."""
        people = (
            (self.head, "Priya Nandra", "priya@vs.example", "330", "virtual_school"),
            (self.aisha, "Aisha Rahman", "aisha@w.example", "330", "social_worker"),
            (self.sally, "Sally Bramhall", "sally@h.example", "998", "designated_teacher"),
            (self.gone, "Gone Away", "gone@w.example", "330", "social_worker"),
        )
        for account, name, email, authority, role in people:
            stream = f"account-{account}"
            registered = UserRegistered(account_id=account, name=name, email=email)
            await self.service.others.say("identity", stream, registered)
            granted = RoleGranted(account_id=account, authority_code=authority, role=role)
            await self.service.others.say("identity", stream, granted)
        gone = UserDeactivated(account_id=self.gone, why="left")
        await self.service.others.say("identity", f"account-{self.gone}", gone)

        async def known() -> bool:
            pool = self.service.process.pool
            return bool(
                await pool.fetchval("SELECT count(*) FROM known_roles") == 4
                and await pool.fetchval("SELECT count(*) FROM known_people WHERE NOT active") == 1
            )

        await eventually(known)

    async def check(self, headers: Headers | None = None, **files: str) -> Any:
        """Send files for checking and return the answer."""
        sent = {name: (f"{name}.csv", text.encode()) for name, text in (FILES | files).items()}
        return await self.client.post(
            "/imports?authority=330", files=sent, headers=headers or self.as_head
        )

    async def run(self, import_id: str) -> dict[str, Any]:
        """Run an import and return it when it has ended."""
        started = await self.client.post(f"/imports/{import_id}/run", json={}, headers=self.as_head)
        assert started.status_code == 202, started.text

        async def ended() -> dict[str, Any] | None:
            answer = await self.client.get(f"/imports/{import_id}", headers=self.as_head)
            found: dict[str, Any] = answer.json()
            return found if found["state"] != "importing" else None

        found = await eventually(ended)
        assert found
        return found

    async def page(self, child_id: UUID, headers: Headers) -> Any:
        """Return the answer for a child's page once access has followed (or has not)."""
        return await self.client.get(f"/children/{child_id}", headers=headers)

    async def sees(self, child_id: UUID, headers: Headers, *, seen: bool = True) -> None:
        """Wait until the person sees the child, or no longer does."""

        async def so() -> bool:
            answer = await self.page(child_id, headers)
            assert answer.status_code == (200 if seen else 404), answer.text
            return True

        await eventually(so)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def cast(database: Any, topics: Any, kafka_bootstrap: str) -> AsyncIterator[Cast]:
    url, prefix = await database("pep"), await topics()
    async with service_under_test(ONLY_CHILDREN, url, kafka_bootstrap, prefix) as service:
        cast = Cast(service)
        await cast.introduce()
        told = {"name": "Hollowbrook", "phase": "primary", "authority_code": "330"}
        put = await service.client.put("/settings/990102", json=told, headers=cast.as_head)
        assert put.status_code == 200, put.text

        async def listed() -> bool:
            answer = await service.client.get("/settings?authority=330", headers=cast.as_aisha)
            return bool(answer.json()["settings"])

        await eventually(listed)
        checked = (await cast.check()).json()
        ended = await cast.run(checked["import_id"])
        assert ended["state"] == "imported"
        await cast.sees(MAYA, cast.as_head)
        await cast.sees(RAVI, cast.as_head)
        await cast.sees(MAYA, cast.as_aisha)
        yield cast


MAYA, RAVI = child_id_of("330", "C1"), child_id_of("330", "C2")


async def test_the_check_counts_and_names_problems_and_touches_nobody(cast: Cast) -> None:
    before = len(await cast.service.said())
    answer = await cast.check(people="")
    assert answer.status_code == 201
    found = answer.json()
    assert answer.headers["location"] == f"/imports/{found['import_id']}"
    assert found["state"] == "checked"
    assert found["counts"] == {"new": 0, "changed": 0, "unchanged": 2, "refused": 1}
    assert [(p["file"], p["line"], p["column"], p["value"]) for p in found["problems"]] == [
        ("header.csv", 4, "DOB", "31/02/2015")
    ]
    assert found["may"] == {"run": True}
    assert len(await cast.service.said()) == before
    text = await cast.client.get(
        f"/imports/{found['import_id']}/problems.csv", headers=cast.as_head
    )
    assert text.headers["content-type"] == "text/csv; charset=utf-8"
    assert "header.csv,4,DOB,31/02/2015,There is no 31 February 2015.,error" in text.text


async def test_children_are_registered_once_and_nothing_is_said_again(cast: Cast) -> None:
    registered = await cast.service.said(ChildRegistered)
    assert {each.meta.stream_id for each in registered} == {f"child-{MAYA}", f"child-{RAVI}"}
    assert {each.meta.authority for each in registered} == {"330"}
    assert {each.meta.actor.id for each in registered} == {str(cast.head)}
    before = len(await cast.service.said())
    checked = (await cast.check()).json()
    assert checked["counts"]["unchanged"] == 2
    ended = await cast.run(checked["import_id"])
    assert (ended["state"], ended["done"], ended["total"]) == ("imported", 2, 2)
    assert len(await cast.service.said()) == before
    staged = await cast.service.process.pool.fetchval(
        "SELECT count(*) FROM import_children WHERE done AND facts IS NOT NULL"
    )
    assert staged == 0


async def test_the_childs_page(cast: Cast) -> None:
    answer = await cast.page(MAYA, cast.as_aisha)
    page = answer.json()
    assert answer.headers["etag"] == f'"{page["version"]}"'
    assert page["name"] == "Maya Okafor"
    assert page["authority"]["name"] == "Birmingham"
    indicators = {each["label"]: each["value"] for each in page["key_indicators"]}
    assert indicators["Legal status"] == "Interim care order"
    assert indicators["Placements in all"] == "2"
    assert indicators["School or setting"] == "Hollowbrook"
    assert [(each["started_on"], each["placement_label"]) for each in page["episodes"]] == [
        ("2025-06-01", "Children's home (private provider)"),
        ("2025-05-01", "Fostering (this authority)"),
    ]
    assert [(each["name"], each["role_label"]) for each in page["people"]] == [
        ("Aisha Rahman", "Social Worker"),
        ("Sally Bramhall", "Designated Teacher"),
    ]
    assert page["peps"] == {"current": [], "completed": []}
    may = {name for name, allowed in page["may"].items() if allowed}
    assert may - {"create_pep"} == {"access_list", "request_carer"}
    assert "B88" not in answer.text
    assert (await cast.page(MAYA, cast.as_head)).json()["may"]["assign"] is True


async def test_without_a_relationship_there_is_no_child(cast: Cast) -> None:
    assert (await cast.page(RAVI, cast.as_aisha)).status_code == 404
    assert (await cast.page(MAYA, cast.as_northvale)).status_code == 404
    assert (await cast.page(new_id(), cast.as_head)).status_code == 404
    assert (await cast.client.get(f"/children/{MAYA}")).status_code == 401
    assert (await cast.page(MAYA, cast.as_sally)).status_code == 200


async def test_assigning_gives_access_and_ending_it_takes_it_away(cast: Cast) -> None:
    page = await cast.page(RAVI, cast.as_head)
    body = {"account_id": str(cast.aisha), "role": "social_worker"}
    where = f"/children/{RAVI}/people"
    unasked = await cast.client.put(where, json=body, headers=cast.as_head)
    assert unasked.status_code == 428
    headers = cast.as_head | {"If-Match": page.headers["etag"], "Idempotency-Key": "assign-1"}
    done = await cast.client.put(where, json=body, headers=headers)
    assert done.status_code == 200, done.text
    assert done.json()["version"] == page.json()["version"] + 1
    again = await cast.client.put(where, json=body, headers=headers)
    assert again.json() == done.json()
    await cast.sees(RAVI, cast.as_aisha)
    stale = await cast.client.put(
        where, json=body, headers=cast.as_head | {"If-Match": page.headers["etag"]}
    )
    assert stale.status_code == 412
    headers = cast.as_head | {"If-Match": done.headers["etag"]}
    ended = await cast.client.delete(f"{where}/{cast.aisha}/social_worker", headers=headers)
    assert ended.status_code == 200
    await cast.sees(RAVI, cast.as_aisha, seen=False)
    assert len(await cast.service.said(ProfessionalUnassigned)) == 1
    headers = cast.as_head | {"If-Match": ended.headers["etag"]}
    twice = await cast.client.delete(f"{where}/{cast.aisha}/social_worker", headers=headers)
    assert twice.status_code == 404


async def test_who_may_not_be_assigned_and_who_may_not_assign(cast: Cast) -> None:
    page = await cast.page(MAYA, cast.as_head)
    seen = {"If-Match": page.headers["etag"]}
    where = f"/children/{MAYA}/people"

    async def put(headers: Headers, account: UUID, role: str) -> Any:
        body = {"account_id": str(account), "role": role}
        return await cast.client.put(where, json=body, headers=headers | seen)

    unknown = await put(cast.as_head, new_id(), "carer")
    assert (unknown.status_code, unknown.json()["errors"][0]["field"]) == (422, "account_id")
    assert (await put(cast.as_head, cast.gone, "social_worker")).status_code == 422
    not_held = await put(cast.as_head, cast.aisha, "designated_teacher")
    assert not_held.json()["errors"][0]["code"] == "not-held"
    assert (await put(cast.as_head, cast.aisha, "king")).status_code == 422
    assert (await put(cast.as_aisha, cast.aisha, "social_worker")).status_code == 403
    assert (await put(cast.as_northvale, cast.aisha, "social_worker")).status_code == 404
    assert len(await cast.service.said(ProfessionalAssigned)) >= 2


async def test_imports_are_for_the_virtual_school_of_that_authority(cast: Cast) -> None:
    for headers in (cast.as_aisha, cast.as_northvale):
        assert (await cast.check(headers)).status_code == 404
    found = (await cast.check()).json()
    for headers in (cast.as_aisha, cast.as_northvale):
        for path in ("", "/problems.csv"):
            answer = await cast.client.get(f"/imports/{found['import_id']}{path}", headers=headers)
            assert answer.status_code == 404
        run = await cast.client.post(f"/imports/{found['import_id']}/run", json={}, headers=headers)
        assert run.status_code == 404


async def test_an_idempotency_key_gets_the_first_check_again(cast: Cast) -> None:
    headers = cast.as_head | {"Idempotency-Key": "files-1"}
    first, again = [await cast.check(headers) for _ in range(2)]
    assert first.json()["import_id"] == again.json()["import_id"]
    other = await cast.check(headers, people="")
    assert other.status_code == 422
    assert other.json()["type"] == "urn:epep:problem:idempotency-mismatch"


async def test_uploads_that_are_none(cast: Cast) -> None:
    client, url = cast.client, "/imports?authority=330"
    as_json = await client.post(url, json={}, headers=cast.as_head)
    assert (as_json.status_code, as_json.json()["type"]) == (400, "urn:epep:problem:malformed")
    one = await client.post(url, files={"header": b"x", "other": b"y"}, headers=cast.as_head)
    assert [each["field"] for each in one.json()["errors"]] == ["other", "episodes"]
    text = await client.post(
        url, data={"header": "x"}, files={"episodes": b"y"}, headers=cast.as_head
    )
    assert text.json()["errors"][0]["code"] == "not_a_file"
    broken = {"Content-Type": "multipart/form-data"} | cast.as_head
    assert (await client.post(url, content=b"--x", headers=broken)).status_code == 400
    nowhere = await client.post("/imports?authority=33", json={}, headers=cast.as_head)
    assert nowhere.status_code == 422
    large = b"x" * (20 * 1024 * 1024 + 1)
    big = await client.post(url, files={"header": large}, headers=cast.as_head)
    assert big.status_code == 413


async def test_unreadable_files_give_a_report_and_cannot_be_run(cast: Cast) -> None:
    answer = await cast.check(episodes="not what it should be")
    found = answer.json()
    assert answer.status_code == 201
    assert (found["total"], found["may"]["run"]) == (0, False)
    assert found["problems"][0]["file"] == "episodes.csv"
    run = await cast.client.post(
        f"/imports/{found['import_id']}/run", json={}, headers=cast.as_head
    )
    assert run.status_code == 409
    assert run.json()["errors"][0]["code"] == "nothing-to-import"


async def test_a_changed_file_says_only_what_changed(cast: Cast) -> None:
    before = await cast.service.said()
    header = FILES["header"].replace("31/02/2015", "28/02/2015")
    episodes = FILES["episodes"] + "C3,01/07/2026,S,V2,N1,U4,PR1,,,,,,\n"
    people = FILES["people"].replace("Menon", "Menon-Shah") + "C3,Tom,Hale,,,,\n"
    checked = (await cast.check(header=header, episodes=episodes, people=people)).json()
    assert checked["counts"] == {"new": 1, "changed": 1, "unchanged": 1, "refused": 0}
    await cast.run(checked["import_id"])
    new = (await cast.service.said())[len(before) :]
    assert sorted(each.meta.type for each in new) == [
        "CareEpisodeStarted",
        "ChildRegistered",
        "CoreDataChanged",
    ]
    assert {each.meta.correlation_id for each in new} == {UUID(checked["import_id"])}

    async def renamed() -> bool:
        row = await cast.service.process.pool.fetchrow(
            "SELECT last_name FROM children WHERE child_id = $1", RAVI
        )
        return bool(row and row["last_name"] == "Menon-Shah")

    await eventually(renamed)


async def test_an_import_goes_on_where_a_killed_worker_left_it(cast: Cast) -> None:
    """The state that `kill -9` leaves: importing, one child done, its facts forgotten."""
    count = 40
    header = FILES["header"].splitlines()[0] + "\n"
    episodes = FILES["episodes"].splitlines()[0] + "\n"
    header += "".join(f"K{n},1,01/09/2014,AIND,,0,\n" for n in range(count))
    episodes += "".join(f"K{n},01/07/2026,S,V2,N1,U4,PR1,,,,,,\n" for n in range(count))
    checked = (await cast.check(header=header, episodes=episodes, people="")).json()
    pool, key = cast.service.process.pool, UUID(checked["import_id"])
    other = (await cast.check()).json()["import_id"]
    async with pool.acquire() as connection:
        lock = "hashtextextended('import/' || $1::text, 2)"
        await connection.execute(f"SELECT pg_advisory_lock({lock})", str(key))
        await cast.client.post(f"/imports/{key}/run", json={}, headers=cast.as_head)
        busy = await cast.client.post(f"/imports/{other}/run", json={}, headers=cast.as_head)
        assert busy.json()["errors"][0]["code"] == "already-importing"
        await connection.execute(
            "UPDATE import_children SET done = true, facts = NULL"
            " WHERE import_id = $1 AND place = 0",
            key,
        )
        before = len(await cast.service.said(CareEpisodeStarted))
        await connection.execute(f"SELECT pg_advisory_unlock({lock})", str(key))
    ended = await cast.run(str(key))
    assert (ended["state"], ended["done"]) == ("imported", count)
    assert len(await cast.service.said(CareEpisodeStarted)) == before + count - 1


async def test_a_child_changed_meanwhile_is_brought_up_to_date_from_its_newest_state(
    cast: Cast,
) -> None:
    people = FILES["people"].replace("Maya", "Maia")
    checked = (await cast.check(people=people)).json()
    process, key = cast.service.process, UUID(checked["import_id"])
    async with process.pool.acquire() as connection:
        found = await staged(connection, key)
        waiting = await children_to_do(connection, key, 10)
    assert found
    stale = [
        carrying_out.Step(told, Loaded(CHILD.initial, 0, ()), register(told.child_id, told.facts))
        for told in waiting
    ]
    before = len(await cast.service.said())
    started_by = replace(found, started_by=cast.head)
    await carrying_out.append_all(process.pool, process.store, started_by, stale)
    said = (await cast.service.said())[before:]
    assert [each.meta.type for each in said] == ["CoreDataChanged"] * 2  # both renamed
    assert [each.meta.stream_id for each in said] == [f"child-{MAYA}", f"child-{RAVI}"]
    async with process.pool.acquire() as connection:
        assert await children_to_do(connection, key, 10) == []


async def test_the_register_of_settings(cast: Cast) -> None:
    client = cast.client
    told = {"name": "Fernhallow Academy", "phase": "secondary", "authority_code": "330"}

    async def put(headers: Headers, urn: str = "990105", **more: str) -> Any:
        return await client.put(f"/settings/{urn}", json=told | more, headers=headers)

    assert (await put(cast.as_head)).json() == {"version": 1}
    assert (await put(cast.as_head)).json() == {"version": 1}
    assert (await put(cast.as_head, name="Fernhallow School")).json() == {"version": 2}
    assert (await put(cast.as_aisha)).status_code == 403
    assert (await put(cast.as_northvale, authority_code="998")).status_code == 409
    assert (await put(cast.as_head, urn="12")).status_code == 422
    assert (await put(cast.as_head, name=" ")).status_code == 422
    assert (await put(cast.as_head, name="a\x00b")).status_code == 422
    said = await cast.service.said(SettingRegistered)
    assert [each.data.name for each in said if isinstance(each.data, SettingRegistered)] == [
        "Hollowbrook",
        "Fernhallow Academy",
        "Fernhallow School",
    ]

    async def listed() -> bool:
        answer = await client.get("/settings", headers=cast.as_sally)
        names = [each["name"] for each in answer.json()["settings"]]
        return names == ["Fernhallow School", "Hollowbrook"]

    await eventually(listed)
    elsewhere = await client.get("/settings?authority=998", headers=cast.as_sally)
    assert elsewhere.json() == {"settings": []}
