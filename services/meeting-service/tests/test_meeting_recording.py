"""The meeting page, its confirmation and the next meeting: on real servers."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from epep_events.meeting import MeetingConfirmed, MeetingRecordSaved
from epep_runtime.misfits import OWN

pytestmark = pytest.mark.servers
YESTERDAY = datetime.now(UTC).replace(microsecond=0) - timedelta(days=1)
PAGE = {
    "chair": "Ms Gray",
    "recorder": "Jo Field",
    "present": ["Ms Gray", "Jo Field"],
    "child_attended": "part",
    "child_absent_reason": "Left early",
    "views_shaped": "yes",
    "views_shaped_how": "Her reading target is her own idea.",
    "checklist": ["attendance"],
    "discussion": "It went well.",
}


async def held(world: Any) -> tuple[Any, Any, str]:
    """Return a teacher, a PEP whose meeting was yesterday, and the meeting's path."""
    teacher = await world.person("designated_teacher")
    pep_id = await world.pep(teacher, YESTERDAY)
    return teacher, pep_id, f"/peps/{pep_id}/meeting"


async def test_the_page_is_saved_shown_and_said_field_by_field(world: Any) -> None:
    teacher, pep_id, base = await held(world)
    part = await world.change(teacher, "PUT", f"{base}/record", {"chair": "Ms Gray"}, 1)
    assert part.status_code == 200
    assert {each["field"] for each in part.json()["missing"]} == {
        "recorder",
        "present",
        "child_attended",
        "views_shaped",
        "discussion",
    }
    version = part.json()["version"]
    whole = await world.change(teacher, "PUT", f"{base}/record", PAGE, version)
    assert (whole.status_code, whole.json()["missing"]) == (200, [])
    view = await world.view(teacher, pep_id)
    assert view["record"] == PAGE
    assert view["checklist"][0] == {"value": "introductions", "label": "Introductions"}
    same = await world.change(teacher, "PUT", f"{base}/record", PAGE, view["version"])
    assert same.json()["version"] == view["version"]
    saved = [e for e in await world.service.said(MeetingRecordSaved) if e.data.pep_id == pep_id]
    assert [change.field for change in saved[0].data.changes] == ["chair"]
    assert len(saved[1].data.changes) == 8


async def test_the_second_of_two_people_gets_what_the_first_saved(world: Any) -> None:
    teacher, pep_id, base = await held(world)
    worker = await world.person("social_worker")
    later = {"date": (datetime.now(UTC) + timedelta(days=90)).date().isoformat(), "time": "10:00"}
    assert (await world.change(worker, "PUT", f"{base}/next", later, 1)).is_success
    first = await world.change(teacher, "PUT", f"{base}/record", {"chair": "Ms Gray"}, 1)
    assert first.status_code == 200, "setting the next meeting is no conflict for the page"
    second = await world.change(worker, "PUT", f"{base}/record", {"chair": "Jo"}, 1)
    assert second.status_code == 412
    assert second.json()["state"] == await world.view(worker, pep_id)
    assert second.json()["state"]["record"]["chair"] == "Ms Gray"
    version = second.json()["state"]["version"]
    again = await world.change(worker, "PUT", f"{base}/record", {"chair": "Jo"}, version)
    assert again.is_success


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"present": ["n"] * 61}, "present"),
        ({"present": [""]}, "present.0"),
        ({"discussion": "d" * 10_001}, "discussion"),
        ({"child_attended": "perhaps"}, "child_attended"),
        ({"checklist": ["astrology"]}, "checklist"),
        ({"chair": "two\nlines"}, "chair"),
        ({"weather": "fine"}, "weather"),
    ],
)
async def test_answers_that_do_not_fit(world: Any, untouched: Any, fields: Any, field: str) -> None:
    worker, pep_id = untouched
    answer = await world.change(
        worker, "PUT", f"/peps/{pep_id}/meeting/record", {**PAGE, **fields}, 1
    )
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == field


async def test_a_lone_surrogate_and_broken_json_are_refused_clearly(
    world: Any, untouched: Any
) -> None:
    worker, pep_id = untouched
    base = f"/peps/{pep_id}/meeting"
    headers = {**world.headers(worker, 1), "Content-Type": "application/json"}
    client = world.service.client
    answer = await client.put(f"{base}/record", content=b'{"chair":"\\ud800"}', headers=headers)
    assert answer.status_code == 422
    assert answer.json()["errors"][0] == {
        "field": "chair",
        "message": OWN["string_unicode"],
        "code": "string_unicode",
    }
    broken = await client.put(f"{base}/record", content=b"{", headers=headers)
    assert (broken.status_code, broken.json()["type"]) == (400, "urn:epep:problem:malformed")


async def test_a_held_meeting_is_confirmed_once(world: Any) -> None:
    teacher, pep_id, base = await held(world)
    early = await world.change(teacher, "POST", f"{base}/confirmation", {}, 1)
    assert early.status_code == 409
    assert [(e["field"], e["code"]) for e in early.json()["errors"]] == [
        ("recorder", "mandatory"),
        ("present", "mandatory"),
    ]
    version = (await world.change(teacher, "PUT", f"{base}/record", PAGE, 1)).json()["version"]
    done = await world.change(teacher, "POST", f"{base}/confirmation", {}, version)
    assert done.status_code == 200
    view = await world.view(teacher, pep_id)
    assert (view["state"], view["confirmed"]["by"]) == ("confirmed", "Known designated_teacher")
    assert (view["may"]["confirm"], view["may"]["record"]) == (False, True)
    twice = await world.change(teacher, "POST", f"{base}/confirmation", {}, view["version"])
    assert (twice.status_code, twice.json()["errors"][0]["code"]) == (409, "confirmed")
    said = [e for e in await world.service.said(MeetingConfirmed) if e.data.pep_id == pep_id]
    assert said[0].data.present == ("Ms Gray", "Jo Field")


async def test_a_coordinator_records_too(world: Any) -> None:
    _, pep_id, base = await held(world)
    coordinator = await world.person("coordinator")
    assert (await world.view(coordinator, pep_id))["may"]["record"]
    assert (await world.change(coordinator, "PUT", f"{base}/record", PAGE, 1)).is_success


async def test_a_meeting_ahead_cannot_be_confirmed(world: Any) -> None:
    teacher = await world.person("designated_teacher")
    pep_id = await world.pep(teacher)
    base = f"/peps/{pep_id}/meeting"
    version = (await world.change(teacher, "PUT", f"{base}/record", PAGE, 1)).json()["version"]
    answer = await world.change(teacher, "POST", f"{base}/confirmation", {}, version)
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (409, "not-started")


async def test_the_next_meeting_is_set_changed_and_shown(world: Any) -> None:
    teacher, pep_id, base = await held(world)
    year = datetime.now(UTC).year + 1
    body = {
        "date": f"{year}-06-10",
        "time": "10:30",
        "duration_minutes": 45,
        "place": "School",
        "invitations_sent_by": "Jo Field",
    }
    first = await world.change(teacher, "PUT", f"{base}/next", body, 1)
    assert first.status_code == 200
    view = await world.view(teacher, pep_id)
    assert view["next_meeting"] == {
        "starts_at": f"{year}-06-10T09:30:00Z",
        "duration_minutes": 45,
        "place": "School",
        "invitations_sent_by": "Jo Field",
    }
    stale = await world.change(teacher, "PUT", f"{base}/next", {**body, "time": "11:00"}, 1)
    assert stale.status_code == 412
    changed = await world.change(
        teacher, "PUT", f"{base}/next", {**body, "time": "11:00"}, view["version"]
    )
    assert changed.is_success
    version = changed.json()["version"]
    gone = {**body, "date": "2001-01-01"}
    past = await world.change(teacher, "PUT", f"{base}/next", gone, version)
    assert (past.status_code, past.json()["errors"][0]["code"]) == (422, "past")


async def test_the_same_key_gets_the_first_answer_again(world: Any) -> None:
    teacher, _, base = await held(world)
    headers = {**world.headers(teacher, 1), "Idempotency-Key": "save-1"}
    client = world.service.client
    first = await client.put(f"{base}/record", json=PAGE, headers=headers)
    again = await client.put(f"{base}/record", json=PAGE, headers=headers)
    assert (again.status_code, again.json()) == (200, first.json())
    other = await client.put(f"{base}/record", json={"chair": "Jo"}, headers=headers)
    assert (other.status_code, other.json()["type"]) == (
        422,
        "urn:epep:problem:idempotency-mismatch",
    )
