"""The change log on real servers: complete, filtered, private where it must be, rebuilt alike."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from epep_events.meeting import InvitationResponded
from epep_events.notification import NotificationSent
from epep_events.qa import AreaScored, QAPublished
from epep_runtime.ids import derived_id, new_id
from epep_runtime.rebuild import rebuild
from epep_runtime.testing import eventually
from pep_service.read_models.change_log.projector import CHANGE_LOG

pytestmark = pytest.mark.servers


async def a_pep(world: Any) -> tuple[dict[str, UUID], UUID, str]:
    people = {
        role: await world.person(f"Log {role}", ("330", role))
        for role in ("virtual_school", "social_worker", "designated_teacher", "carer")
    }
    child_id = await world.child("330", *((account, role) for role, account in people.items()))
    soon = datetime.now(UTC).date().replace(day=1).replace(year=datetime.now(UTC).year + 1)
    meeting = {"date": soon.isoformat(), "time": "10:30", "reason": "initial"}
    made = await world.send(
        people["virtual_school"],
        "POST",
        f"/children/{child_id}/peps",
        {"kind": "initial", "meeting": meeting},
    )
    assert made.status_code == 201, made.text
    return people, child_id, made.json()["pep_id"]


async def log_with(
    world: Any, who: UUID, child_id: UUID, *wanted: str, rows: int = 0, **filters: Any
) -> Any:
    """Return the log as soon as it has rows of these texts, and that many at least."""

    async def there() -> Any:
        answer = await world.get(who, f"/children/{child_id}/change-log", **filters)
        assert answer.status_code == 200, answer.text
        found = answer.json()
        texts = [row["what"] for row in found["rows"]]
        assert not [text for text in wanted if text not in texts], texts
        assert found["total"] >= rows
        return found

    return await eventually(there)


async def test_the_log_of_a_child_from_every_service(world: Any) -> None:
    people, child_id, pep_id = await a_pep(world)
    office, worker = people["virtual_school"], people["social_worker"]
    page = f"/peps/{pep_id}/pages/health"
    await world.do(worker, "PUT", page, {"values": {"agencies": "CAMHS"}})
    await world.do(worker, "PUT", page, {"values": {"agencies": "CAMHS and speech therapy"}})
    pep = UUID(pep_id)
    meeting = derived_id("meeting", pep)
    answered = InvitationResponded(
        meeting_id=meeting,
        pep_id=pep,
        child_id=new_id(),
        invitation_id=new_id(),
        name="Rosa Hill",
        answer="accepted",
        organiser_account_id=None,
        child_initials="MO",
    )
    sent = NotificationSent(
        notification_id=new_id(),
        kind="invitation",
        email="rosa@example.org",
        name="Rosa Hill",
        message_id="<1@example.org>",
        pep_id=pep,
    )
    await world.service.others.say("meeting", f"meeting-{meeting}", answered, authority="330")
    await world.service.others.say("notification", f"notification-{pep_id}", sent)
    log = await log_with(
        world,
        office,
        child_id,
        "Child’s record created",
        "School or setting changed",
        "Access given as social worker",
        "PEP created: Initial PEP",
        "Health and emotional wellbeing saved",
        "Rosa Hill accepted the invitation",
        "Mail sent to Rosa Hill: an invitation to the meeting",
        rows=11,
    )
    assert log["total"] == len(log["rows"]) == 11
    times = [row["at"] for row in log["rows"]]
    assert times == sorted(times, reverse=True)
    latest = next(row for row in log["rows"] if row["what"].startswith("Health"))
    assert (latest["who"], latest["role_label"]) == ("Log social_worker", "Social Worker")
    assert [(c["old"], c["new"]) for c in latest["changes"]] == [
        ("CAMHS", "CAMHS and speech therapy")
    ]
    assert [each["key"] for each in log["sections"]] == [
        "social_worker",
        "meeting",
        "pep",
        "mail",
        "child",
    ]
    await filters_narrow_it(world, people, child_id, pep_id)


async def filters_narrow_it(
    world: Any, people: dict[str, UUID], child_id: UUID, pep_id: str
) -> None:
    office, worker = people["virtual_school"], str(people["social_worker"])
    path = f"/children/{child_id}/change-log"

    async def total(**filters: Any) -> int:
        answer = await world.get(office, path, **filters)
        assert answer.status_code == 200, answer.text
        return int(answer.json()["total"])

    today = datetime.now(UTC).date().isoformat()
    blank = {"section": "", "person": "", "from": "", "to": ""}
    assert await total(**blank) == await total(**{"from": "2020-01-01", "to": "2199-12-31"}) == 11
    assert await total(section="social_worker") == 2
    assert await total(person=worker) == 2
    assert await total(pep_id=pep_id) == 5
    assert await total(**{"to": "2020-01-01"}) == 0
    assert await total(section="mail", person=worker) == 0
    assert await total(**{"from": "0001-01-01", "to": "9999-12-31"}) == 11
    assert await total(page=9) == 11
    for wrong in (
        {"from": "yesterday"},
        {"to": "2026-02-30"},
        {"section": "a\x00"},
        {"person": "a b"},
        {"page": 0},
        {"pep_id": "x"},
    ):
        answer = await world.get(office, path, **wrong)
        assert answer.status_code == 422, wrong
        assert answer.json()["errors"][0]["field"] == next(iter(wrong))
    file = await world.get(office, f"{path}.csv", section="social_worker")
    assert file.headers["content-type"] == "text/csv; charset=utf-8"
    assert file.content.decode("utf-8-sig").count("CAMHS") == 3
    assert today[:4] in file.text


async def test_carers_see_no_log_and_authors_scores_once_published(world: Any) -> None:
    people, child_id, pep_id = await a_pep(world)
    review = derived_id("review", pep_id)
    facts: Any = {"review_id": review, "pep_id": UUID(pep_id)}
    scored = AreaScored(
        **facts,
        area="voice",
        area_label="Voice",
        level="green",
        level_label="Green",
        old_level_label=None,
        comment=None,
    )
    say = world.service.others.say
    await say("qa", f"review-{review}", scored, authority="330")
    await log_with(world, people["virtual_school"], child_id, "Voice scored")
    for role in ("social_worker", "designated_teacher"):
        log = await log_with(world, people[role], child_id)
        assert "Voice scored" not in [row["what"] for row in log["rows"]]
    hidden = (await world.get(people["carer"], f"/children/{child_id}/change-log")).json()
    assert (hidden["hidden"], hidden["total"], hidden["rows"]) == (True, 0, [])
    file = await world.get(people["carer"], f"/children/{child_id}/change-log.csv")
    assert file.status_code == 403
    published = QAPublished(
        **facts,
        child_id=child_id,
        decision="feedback",
        rating="green",
        rating_label="Green",
        comment="Clear",
        scores=(),
    )
    await say("qa", f"review-{review}", published, authority="330")
    await log_with(world, people["social_worker"], child_id, "Voice scored")


async def at_rest(world: Any) -> bool:
    report = await world.service.process.health()
    late = [each["lag_events"] for each in report["subscriptions"]]
    return not any([report["relay"]["unsent_events"], *late])


async def test_a_rebuild_gives_the_same_rows_byte_for_byte(world: Any) -> None:
    people, child_id, pep_id = await a_pep(world)
    await world.fill(people["social_worker"], pep_id, "social_worker")
    await log_with(
        world,
        people["virtual_school"],
        child_id,
        "Social worker's view saved",
        section="social_worker",
    )
    process = world.service.process

    async def dump() -> list[str]:
        rows = await process.pool.fetch(
            "SELECT l::text AS line FROM change_log l ORDER BY event_id"
        )
        return [row["line"] for row in rows]

    await eventually(lambda: at_rest(world))  # what other tests have said is still on its way
    before = await dump()
    assert len(before) > 20
    await rebuild("pep", process.settings, CHANGE_LOG, lambda *_: None, workers=2)
    assert await dump() == before
