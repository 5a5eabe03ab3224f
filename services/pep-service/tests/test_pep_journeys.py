"""From Create PEP to the next term's PEP, in both authorities, on real servers."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from epep_events.pep import (
    MeetingTimeNoted,
    PEPInitiated,
    PEPReturned,
    PEPSignedOff,
    SectionReopened,
)
from epep_events.qa import AreaScored, QAPublished
from epep_runtime.ids import derived_id
from epep_runtime.subscriptions import Reaction
from epep_runtime.testing import eventually
from pep_service.reactions.next_term import NEXT_TERM

pytestmark = pytest.mark.servers

IN_TEN_DAYS = (datetime.now(UTC) + timedelta(days=10)).date().isoformat()
TARGET = {
    "area": "reading",
    "statement": "Read for ten minutes every day",
    "success_measure": "Reading diary",
    "due_on": (datetime.now(UTC) + timedelta(days=90)).date().isoformat(),
}


def form(reason: str = "initial", **more: Any) -> dict[str, Any]:
    meeting = {"date": IN_TEN_DAYS, "time": "10:30", "reason": reason, "place": "Room 4"}
    return {"kind": "review", "meeting": meeting | more, "invitees": []}


async def cast(world: Any, code: str) -> dict[str, UUID]:
    roles = ("virtual_school", "social_worker", "designated_teacher", "coordinator", "carer")
    return {role: await world.person(f"{role} {code}", (code, role)) for role in roles}


async def begin(world: Any, code: str, creator: str) -> tuple[dict[str, UUID], UUID, str]:
    people = await cast(world, code)
    child_id = await world.child(code, *((account, role) for role, account in people.items()))
    guest = {"email": "Aunt@Example.org", "name": "Rosa Hill"}
    invitees = [{"account_id": str(people["designated_teacher"])}, guest]
    body = form() | {"invitees": invitees}
    made = await world.send(people[creator], "POST", f"/children/{child_id}/peps", body)
    assert made.status_code == 201, made.text
    pep_id = made.json()["pep_id"]
    assert made.headers["location"] == f"/peps/{pep_id}"
    return people, child_id, pep_id


async def meet(world: Any, people: Any, pep_id: str, child_id: UUID, code: str) -> None:
    await world.hold_meeting(pep_id, child_id, code)

    async def heard() -> bool:
        found = (await world.get(people["designated_teacher"], f"/peps/{pep_id}")).json()
        return found["state"] == "meeting_confirmed" and found["next_meeting_at"] is not None

    await eventually(heard)


async def complete(world: Any, people: Any, pep_id: str) -> None:
    page = (await world.get(people["designated_teacher"], f"/peps/{pep_id}/sign-off")).json()
    for section in page["sections"]:
        role = "social_worker" if section["key"] == "social_worker" else "designated_teacher"
        path = f"/peps/{pep_id}/sections/{section['key']}/completion"
        await world.do(people[role], "POST", path, {})


async def test_birmingham_from_beginning_to_next_term(world: Any) -> None:
    people, child_id, pep_id = await begin(world, "330", "virtual_school")
    teacher, worker = people["designated_teacher"], people["social_worker"]
    document = (await world.get(teacher, f"/peps/{pep_id}")).json()
    assert (document["state"], document["kind_label"]) == ("initiated", "Termly review PEP")
    assert [each["letter"] for each in document["sections"]] == ["A", "B", "C", "D", "E", None]
    assert (document["completion_due"], document["child"]["name"]) == (None, "Maya Okafor")

    drafted = await world.do(teacher, "POST", f"/peps/{pep_id}/targets", TARGET)
    early = await world.send(
        teacher,
        "POST",
        f"/peps/{pep_id}/targets/{drafted['target_id']}/submission",
        {},
        drafted["version"],
    )
    assert (early.status_code, early.json()["errors"][0]["code"]) == (409, "meeting_confirmed")

    await meet(world, people, pep_id, child_id, "330")
    await world.do(teacher, "POST", f"/peps/{pep_id}/targets/{drafted['target_id']}/submission", {})
    await world.fill(worker, pep_id)
    await world.fill(teacher, pep_id)
    await complete(world, people, pep_id)

    version = await world.version(teacher, pep_id)
    for who, status in ((worker, 403), (people["coordinator"], 403), (teacher, 200)):
        signed = await world.send(who, "POST", f"/peps/{pep_id}/sign-off", {}, version)
        assert signed.status_code == status, signed.text
    document = (await world.get(teacher, f"/peps/{pep_id}")).json()
    assert (document["state"], document["signed_off"]["by"]) == (
        "signed_off",
        "designated_teacher 330",
    )
    await next_term_is_there_once(world, people, child_id, UUID(pep_id), "330")


async def next_term_is_there_once(
    world: Any, people: dict[str, UUID], child_id: UUID, pep_id: UUID, code: str
) -> None:
    next_id = derived_id(pep_id, "next")
    [signed] = [e for e in await world.service.said(PEPSignedOff) if e.data.pep_id == pep_id]
    assert signed.data.next_pep_id == next_id

    async def begun() -> list[Any]:
        found = await world.service.said(PEPInitiated)
        return [each for each in found if each.data.previous_pep_id == pep_id]

    [following] = await eventually(begun)
    assert following.data.pep_id == next_id
    assert following.data.meeting.place == "The library"
    assert following.data.meeting.starts_at == signed.data.next_meeting_at
    names = {each.email or each.name for each in following.data.invitees}
    assert "aunt@example.org" in names
    assert {each.account_id for each in following.data.invitees if each.account_id} == set(
        people.values()
    )
    await said_again(world, signed)
    assert len(await begun()) == 1
    child = (await world.get(people["designated_teacher"], f"/children/{child_id}")).json()
    assert [card["pep_id"] for card in child["peps"]["completed"]] == [str(pep_id)]
    assert [card["pep_id"] for card in child["peps"]["current"]] == [str(next_id)]


async def said_again(world: Any, signed: Any) -> None:
    """Hand the sign-off to the reactor once more, as if its first result had been lost."""
    process = world.service.process
    async with process.pool.acquire() as connection, connection.transaction():
        reaction = Reaction(connection, process.store, signed.meta)
        await NEXT_TERM.handles[PEPSignedOff](reaction, signed.data, signed.meta)


async def test_northvale_is_submitted_returned_and_signed_off_by_the_review(world: Any) -> None:
    people, child_id, pep_id = await begin(world, "998", "social_worker")
    teacher, worker, office = (
        people["designated_teacher"],
        people["social_worker"],
        people["virtual_school"],
    )
    document = (await world.get(teacher, f"/peps/{pep_id}")).json()
    expected = datetime.fromisoformat(IN_TEN_DAYS).date() + timedelta(days=7)
    assert document["completion_due"] == expected.isoformat()
    await meet(world, people, pep_id, child_id, "998")
    moved = [e.data for e in await world.service.said(MeetingTimeNoted)]
    assert any(
        str(each.pep_id) == pep_id and each.completion_due.isoformat() == "2026-11-27"
        for each in moved
    )
    await world.fill(worker, pep_id)
    await world.fill(teacher, pep_id)
    version = await world.version(teacher, pep_id)
    early = await world.send(teacher, "POST", f"/peps/{pep_id}/submission", {}, version)
    assert early.status_code == 409
    assert {each["code"] for each in early.json()["errors"]} == {"section_incomplete"}
    await complete(world, people, pep_id)
    await world.do(teacher, "POST", f"/peps/{pep_id}/submission", {})

    closed = await world.send(
        worker, "PUT", f"/peps/{pep_id}/pages/health", {"values": {"agencies": "x"}}, 9999
    )
    assert closed.status_code == 412
    version = await world.version(worker, pep_id)
    closed = await world.send(
        worker, "PUT", f"/peps/{pep_id}/pages/health", {"values": {"agencies": "x"}}, version
    )
    assert (closed.status_code, closed.json()["errors"][0]["code"]) == (409, "submitted")
    by_hand = await world.send(office, "POST", f"/peps/{pep_id}/sign-off", {}, version)
    assert by_hand.json()["errors"][0]["code"] == "by_review"

    await publish(world, pep_id, child_id, "returned", "inadequate", "Inadequate")
    document = await state(world, teacher, pep_id, "returned")
    assert document["returned_comment"] == "Look at the targets"
    await world.do(worker, "PUT", f"/peps/{pep_id}/pages/health", {"values": {"agencies": "CAMHS"}})
    reopened = await world.service.said(SectionReopened)
    assert str(reopened[-1].data.pep_id) == pep_id
    await world.do(worker, "POST", f"/peps/{pep_id}/sections/social_worker/completion", {})
    await world.do(teacher, "POST", f"/peps/{pep_id}/submission", {})
    await publish(world, pep_id, child_id, "signed_off", "good", "Good")
    document = await state(world, teacher, pep_id, "signed_off")
    assert document["qa"]["rating_colour"] == "blue"
    assert (await world.get(people["carer"], f"/peps/{pep_id}")).json()["qa"] is None
    assert (
        len([e for e in await world.service.said(PEPReturned) if str(e.data.pep_id) == pep_id]) == 1
    )
    await next_term_is_there_once(world, people, child_id, UUID(pep_id), "998")


async def publish(
    world: Any, pep_id: str, child_id: UUID, decision: Any, rating: str, label: str
) -> None:
    review = derived_id("review", pep_id)
    scored = AreaScored(
        review_id=review,
        pep_id=UUID(pep_id),
        area="voice",
        area_label="Voice",
        level=rating,
        level_label=label,
        old_level_label=None,
        comment=None,
    )
    published = QAPublished(
        review_id=review,
        pep_id=UUID(pep_id),
        child_id=child_id,
        decision=decision,
        rating=rating,
        rating_label=label,
        comment="Look at the targets",
        scores=(),
    )
    for event in (scored, published):
        await world.service.others.say("qa", f"review-{review}", event, authority="998")


async def state(world: Any, who: UUID, pep_id: str, wanted: str) -> Any:
    async def reached() -> Any:
        found = (await world.get(who, f"/peps/{pep_id}")).json()
        return found if found["state"] == wanted else None

    return await eventually(reached)


async def test_who_is_nobody_sees_nothing(world: Any) -> None:
    _, child_id, pep_id = await begin(world, "330", "virtual_school")
    strangers = [
        await world.person("Other authority", ("998", "virtual_school")),
        await world.person("Other teacher", ("330", "designated_teacher")),
    ]
    for stranger in strangers:
        for path in (
            f"/peps/{pep_id}",
            f"/peps/{pep_id}/targets",
            f"/peps/{pep_id}/sign-off",
            f"/peps/{pep_id}/pages/health",
            f"/children/{child_id}/change-log",
            f"/children/{child_id}/change-log.csv",
            f"/peps/{uuid4()}",
        ):
            assert (await world.get(stranger, path)).status_code == 404, path
        made = await world.send(stranger, "POST", f"/children/{child_id}/peps", form())
        assert made.status_code == 404


async def test_who_creates_a_pep_is_the_authoritys_choice_d16(world: Any) -> None:
    for code, allowed in (("330", "virtual_school"), ("998", "social_worker")):
        people = await cast(world, code)
        child_id = await world.child(code, *((account, role) for role, account in people.items()))
        for role, account in people.items():
            if role != allowed:
                made = await world.send(account, "POST", f"/children/{child_id}/peps", form())
                assert made.status_code == 403, (code, role)


async def test_one_open_pep_of_a_kind_and_the_same_request_once(world: Any) -> None:
    people = await cast(world, "330")
    child_id = await world.child("330", (people["designated_teacher"], "designated_teacher"))
    office, path = people["virtual_school"], f"/children/{child_id}/peps"
    first = await world.send(office, "POST", path, form(), key="again")
    again = await world.send(office, "POST", path, form(), key="again")
    assert (first.status_code, again.status_code, again.json()) == (201, 201, first.json())
    other = await world.send(office, "POST", path, form(place="Elsewhere"), key="again")
    assert (other.status_code, other.json()["type"][-20:]) == (422, "idempotency-mismatch")
    second = await world.send(office, "POST", path, form())
    assert (second.status_code, second.json()["errors"][0]["code"]) == (409, "open_pep")
    initial = await world.send(office, "POST", path, form() | {"kind": "initial"})
    assert initial.status_code == 201
