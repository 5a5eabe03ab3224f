"""The invitations tab and the link in the mail: on real servers."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from epep_events.meeting import InvitationResponded
from epep_events.pep import Invitee
from epep_runtime.rebuild import rebuild
from epep_runtime.testing import eventually
from meeting_service.read_models.meetings import MEETINGS

pytestmark = pytest.mark.servers
GUEST = Invitee(email="aunt@example.org", name="Rosa Hill", role="guest")
PROPOSED = {"date": (datetime.now(UTC) + timedelta(days=20)).date().isoformat(), "time": "09:00"}


async def invited(world: Any) -> tuple[UUID, UUID, UUID]:
    """Return an organiser, an invited teacher, and the PEP."""
    worker, teacher = await world.person("social_worker"), await world.person("designated_teacher")
    colleague = Invitee(account_id=teacher, name="Ms Gray", role="designated_teacher")
    return worker, teacher, await world.pep(worker, invitees=[colleague, GUEST])


async def link(world: Any, worker: UUID, pep_id: UUID) -> str:
    """Return the guest's token."""
    guest = (await world.view(worker, pep_id))["invitations"][-1]
    token: str = await world.token(guest["invitation_id"])
    return token


async def test_my_invitations_show_initials_and_what_waits(world: Any) -> None:
    worker, teacher, pep_id = await invited(world)
    mine = (await world.get(teacher, "/invitations")).json()
    assert mine["waiting"] == 1
    [invitation] = mine["invitations"]
    assert invitation["pep_id"] == str(pep_id)
    assert invitation["child_name_or_initials"] == "A.B."
    assert (invitation["reason_label"], invitation["organiser"]) == (
        "Termly review",
        "Known social_worker",
    )
    assert invitation["may"] == {"respond": True}
    assert (await world.get(worker, "/invitations")).json() == {"waiting": 0, "invitations": []}


async def test_meetings_ahead_come_first_and_nearest(world: Any) -> None:
    worker, teacher = await world.person("social_worker"), await world.person("designated_teacher")
    colleague = Invitee(account_id=teacher, name="Ms Gray", role="designated_teacher")
    now = datetime.now(UTC)
    peps = {}
    for days in (-2, 40, 10, -9):
        peps[days] = await world.pep(worker, now + timedelta(days=days), [colleague])
    mine = (await world.get(teacher, "/invitations")).json()
    assert [each["pep_id"] for each in mine["invitations"]] == [
        str(peps[days]) for days in (10, 40, -2, -9)
    ]


async def test_an_answer_shows_at_once_and_may_be_changed(world: Any) -> None:
    worker, teacher, pep_id = await invited(world)
    mine = (await world.get(teacher, "/invitations")).json()["invitations"][0]
    path = f"/invitations/{mine['invitation_id']}/response"
    yes = await world.change(teacher, "POST", path, {"answer": "accepted", "comment": "Glad to"})
    assert yes.status_code == 200
    shown = (await world.get(teacher, "/invitations")).json()
    assert (shown["waiting"], shown["invitations"][0]["answer"]) == (0, "accepted")
    other = {"answer": "proposed", "proposed": PROPOSED, "comment": None}
    assert (await world.change(teacher, "POST", path, other)).is_success
    view = (await world.view(worker, pep_id))["invitations"][0]
    assert (view["answer"], view["comment"]) == ("proposed", None)
    assert view["proposed_at"].startswith(PROPOSED["date"])
    said = [e for e in await world.service.said(InvitationResponded) if e.data.pep_id == pep_id]
    assert [e.data.organiser_account_id for e in said] == [worker, worker]
    assert said[0].meta.actor.id == str(teacher)


async def test_nobody_answers_for_another(world: Any) -> None:
    worker, _, pep_id = await invited(world)
    for each in (await world.view(worker, pep_id))["invitations"]:
        path = f"/invitations/{each['invitation_id']}/response"
        answer = await world.change(worker, "POST", path, {"answer": "accepted"})
        assert answer.status_code == 404
    path = f"/invitations/{uuid4()}/response"
    assert (await world.change(worker, "POST", path, {"answer": "accepted"})).status_code == 404


async def test_a_guest_answers_by_the_link(world: Any) -> None:
    worker, _, pep_id = await invited(world)
    token, client = await link(world, worker, pep_id), world.service.client
    shown = await client.post("/invitation-links", json={"token": token})
    assert shown.status_code == 200
    assert (shown.json()["child_name_or_initials"], shown.json()["answer"]) == ("A.B.", None)
    answer = {"token": token, "answer": "declined", "comment": "I am away"}
    first = await client.post("/invitation-links/response", json=answer)
    again = await client.post("/invitation-links/response", json=answer)
    assert (first.status_code, again.status_code) == (200, 200)
    assert first.json() == again.json()
    after = await client.post("/invitation-links", json={"token": token})
    assert (after.json()["answer"], after.json()["comment"]) == ("declined", "I am away")
    [said] = [e for e in await world.service.said(InvitationResponded) if e.data.pep_id == pep_id]
    assert said.meta.actor.id == f"invitation:{said.data.invitation_id}"
    assert (said.data.name, said.meta.authority) == ("Rosa Hill", "330")
    bad = {
        "token": token,
        "answer": "proposed",
        "proposed": {"date": "2001-01-01", "time": "09:00"},
    }
    past = await client.post("/invitation-links/response", json=bad)
    assert (past.status_code, past.json()["errors"][0]["field"]) == (422, "proposed.date")


async def test_a_link_opens_one_meeting_only(world: Any) -> None:
    worker, _, pep_id = await invited(world)
    _, _, other_pep = await invited(world)
    token, client = await link(world, worker, pep_id), world.service.client
    shown = (await client.post("/invitation-links", json={"token": token})).json()
    assert shown["pep_id"] == str(pep_id)
    other = await link(world, worker, other_pep)
    mixed = other[:21] + token[21:]
    for bad in (mixed, token[:-1], token + "A", "", "nonsense"):
        for path, more in (
            ("/invitation-links", {}),
            ("/invitation-links/response", {"answer": "accepted"}),
        ):
            answer = await client.post(path, json={"token": bad, **more})
            assert answer.status_code == 404
    other_view = await world.view(worker, other_pep)
    assert all(each["answer"] is None for each in other_view["invitations"])


async def test_rebuilding_the_list_gives_the_same_list(world: Any) -> None:
    _, teacher, _ = await invited(world)
    mine = (await world.get(teacher, "/invitations")).json()["invitations"][0]
    path = f"/invitations/{mine['invitation_id']}/response"
    assert (await world.change(teacher, "POST", path, {"answer": "accepted"})).is_success
    before = (await world.get(teacher, "/invitations")).json()
    settings = world.service.process.settings
    await rebuild("meeting", settings, MEETINGS, progress=lambda *_: None)

    async def same() -> bool:
        return bool((await world.get(teacher, "/invitations")).json() == before)

    assert await eventually(same)
