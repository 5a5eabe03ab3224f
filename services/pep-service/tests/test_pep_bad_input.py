"""What bad requests get: a problem that names the field, and nothing written."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
import pytest_asyncio

pytestmark = pytest.mark.servers

TODAY = datetime.now(UTC).date()
GOOD = {"date": str(TODAY + timedelta(days=20)), "time": "10:30", "reason": "initial"}


def clocks_go_forward() -> str:
    """Return the next last Sunday of March, on which 01:30 does not exist."""
    days = (TODAY + timedelta(days=number) for number in range(1, 366))
    return next(str(day) for day in days if (day.month, day.weekday()) == (3, 6) and day.day > 24)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def scene(world: Any) -> Any:
    """A PEP of Northvale with its social worker and teacher; return (world, people, pep id)."""
    people = {
        role: await world.person(f"Bad {role}", ("998", role))
        for role in ("social_worker", "designated_teacher", "coordinator")
    }
    child_id = await world.child("998", *((account, role) for role, account in people.items()))
    path = f"/children/{child_id}/peps"
    body = {"kind": "review", "meeting": GOOD}
    made = await world.send(people["social_worker"], "POST", path, body)
    assert made.status_code == 201, made.text
    return world, people, child_id, made.json()["pep_id"]


def fields(answer: Any) -> list[str]:
    assert answer.headers["content-type"] == "application/problem+json"
    return [each["field"] for each in answer.json()["errors"]]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"meeting": GOOD | {"date": "2026-02-30"}}, "meeting.date"),
        ({"meeting": GOOD | {"date": "2020-01-01"}}, "meeting.date"),
        ({"meeting": GOOD | {"date": clocks_go_forward(), "time": "01:30"}}, "meeting.time"),
        ({"meeting": GOOD | {"time": "half past ten"}}, "meeting.time"),
        ({"meeting": GOOD | {"place": "a\x00b"}}, "meeting.place"),
        ({"meeting": GOOD | {"more": 1}}, "meeting.more"),
        ({"meeting": {}}, "meeting.date"),
        ({"kind": "nonsense"}, "kind"),
        ({"surprise": True}, "surprise"),
        ({"invitees": [{"email": "nobody"}]}, "invitees.0.email"),
        ({"invitees": [{"account_id": str(UUID(int=7))}]}, "invitees.0.account_id"),
    ],
)
async def test_a_pep_that_cannot_be_made(scene: Any, change: Any, field: str) -> None:
    world, people, child_id, _ = scene
    body = {"kind": "initial", "meeting": GOOD, "invitees": []} | change
    answer = await world.send(people["social_worker"], "POST", f"/children/{child_id}/peps", body)
    assert answer.status_code == 422
    assert field in fields(answer)


async def raw(scene: Any, body: bytes, path: str = "care_information") -> Any:
    world, people, _, pep_id = scene
    headers = world.headers(
        people["social_worker"], await world.version(people["social_worker"], pep_id)
    )
    headers["Content-Type"] = "application/json"
    return await world.service.client.put(
        f"/peps/{pep_id}/pages/{path}", headers=headers, content=body
    )


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"{", 400),
        (b"\xff\xfe", 400),
        (b"[]", 422),
        (b'{"values": {"carer_name": "\\u0000"}}', 422),
        (b'{"values": {"carer_name": "\\ud800"}}', 422),
        (b'{"values": {"\\ud800": "x"}}', 422),
        (b'{"\\ud800": "x"}', 422),
        (b'{"values": {"carer_name": NaN}}', 422),
        (b'{"values": {"carer_name": ' + b"[" * 5000 + b"]" * 5000 + b"}}", 400),
        (b'{"values": {"carer_name": ' + b"[" * 300_000, 400),
        (b'{"values": {"carer_name": "' + b"x" * 10_000_000 + b'"}}', 413),
        (b'{"values": {"carer_name": "' + b"x" * 500_000 + b'"}}', 422),
    ],
)
async def test_bodies_that_are_no_page(scene: Any, body: bytes, status: int) -> None:
    answer = await raw(scene, body)
    assert answer.status_code == status, answer.text[:300]
    assert answer.headers["content-type"] == "application/problem+json"
    slug = {400: "malformed", 413: "too-large", 422: "invalid"}[status]
    assert answer.json()["type"] == f"urn:epep:problem:{slug}"


async def test_addresses_that_are_nothing(scene: Any) -> None:
    world, people, _, pep_id = scene
    worker = people["social_worker"]
    for path, status in (
        ("/peps/nonsense", 422),
        (f"/peps/{pep_id}/pages/a%00b", 422),
        (f"/peps/{pep_id}/pages/nonsense", 404),
        ("/profiles/%00", 422),
        ("/profiles/999", 404),
    ):
        assert (await world.get(worker, path)).status_code == status, path
    unknown = f"/peps/{pep_id}/targets/{uuid4()}"
    version = await world.version(people["designated_teacher"], pep_id)
    answer = await world.send(
        people["designated_teacher"], "POST", f"{unknown}/submission", {}, version
    )
    assert answer.status_code == 404
    for page in ("targets", "qa"):
        answer = await world.send(
            worker, "PUT", f"/peps/{pep_id}/pages/{page}", {"values": {}}, version
        )
        assert answer.status_code == 404


async def test_two_people_on_one_page_and_on_two(scene: Any) -> None:
    world, people, _, pep_id = scene
    worker, teacher = people["social_worker"], people["designated_teacher"]
    views = f"/peps/{pep_id}/pages/carer_views"
    opened = int((await world.get(worker, views)).headers["etag"].strip('"'))
    mine = {"values": {"carer_took_part": "written", "carer_worries": "Maths"}}
    theirs = {"values": {"carer_took_part": "spoken", "carer_worries": "Sleep"}}
    without = await world.send(worker, "PUT", views, mine)
    assert without.status_code == 428
    first = await world.send(teacher, "PUT", views, theirs, opened, key="first save")
    assert (first.status_code, first.json()["changed"]) == (200, 2)
    stale = await world.send(worker, "PUT", views, mine, opened)
    assert stale.status_code == 412
    state = stale.json()["state"]
    values = {each["key"]: each["value"] for each in state["fields"]}
    assert values["carer_worries"] == "Sleep"
    assert state["saved"]["by"] == "Bad designated_teacher"
    assert stale.headers["etag"] == f'"{state["version"]}"'
    other = await world.send(
        teacher,
        "PUT",
        f"/peps/{pep_id}/pages/wider_learning",
        {
            "values": dict.fromkeys(("activities", "aspirations", "previous_targets"), "x")
            | {"transition": {"answer": "no", "detail": None}}
        },
        opened,
    )
    assert other.status_code == 200, other.text
    again = await world.send(teacher, "PUT", views, theirs, opened, key="first save")
    assert (again.status_code, again.json()) == (200, first.json())
    mixed = await world.send(teacher, "PUT", views, mine, opened, key="first save")
    assert mixed.status_code == 422


async def test_who_may_write_what(scene: Any) -> None:
    world, people, _, pep_id = scene
    version = await world.version(people["coordinator"], pep_id)
    for role, page, status in (
        ("designated_teacher", "health", 403),
        ("coordinator", "health", 403),
        ("coordinator", "send", 422),
    ):
        answer = await world.send(
            people[role], "PUT", f"/peps/{pep_id}/pages/{page}", {"values": {}}, version
        )
        assert answer.status_code == status, (role, page)
    for role, section in (
        ("coordinator", "designated_teacher"),
        ("designated_teacher", "social_worker"),
    ):
        path = f"/peps/{pep_id}/sections/{section}/completion"
        answer = await world.send(people[role], "POST", path, {}, version)
        assert answer.status_code == 403
    draft = {
        "area": "reading",
        "statement": "Read",
        "success_measure": "Diary",
        "due_on": str(TODAY + timedelta(days=90)),
    }
    refused = await world.send(people["social_worker"], "POST", f"/peps/{pep_id}/targets", draft)
    assert refused.status_code == 403
    taken = await world.send(people["coordinator"], "POST", f"/peps/{pep_id}/targets", draft)
    assert taken.status_code == 201
    blank = await world.send(
        people["coordinator"], "POST", f"/peps/{pep_id}/targets", draft | {"statement": " "}
    )
    assert fields(blank) == ["statement"]
