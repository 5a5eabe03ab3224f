"""A mail that failed, or of which nobody knows whether it arrived, is sent again by a person."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from epep_events.base import Event
from epep_events.meeting import InvitationIssued, InvitationWithdrawn
from epep_events.notification import NotificationHeld
from epep_events.pep import Invitee
from epep_runtime.problems import NotFoundError, RefusedError
from epep_runtime.testing import eventually
from meeting_service.meetings.inviting import invitation_id_of
from meeting_service.meetings.meeting import Meeting, evolve
from meeting_service.meetings.sending_again import decide
from meeting_service.read_models.deliveries import Delivery

NOW = datetime.now(UTC)
HELD = Delivery("uncertain", "lost", UUID(int=900))
GUEST, COLLEAGUE = UUID(int=100), UUID(int=101)


def seal(invitation_id: UUID) -> str:
    return f"sealed for {invitation_id}"


def after(meeting: Meeting, events: Any) -> Meeting:
    for event in events:
        moved = evolve(meeting, event)
        assert moved is not None
        meeting = moved
    return meeting


def again(meeting: Meeting, delivery: Delivery = HELD, **more: Any) -> list[Event]:
    known = {"invitation_id": GUEST, "email": None, **more}
    return list(decide(meeting, known["invitation_id"], delivery, known["email"], seal, NOW))


@pytest.mark.parametrize("state", ["uncertain", "failed"])
def test_the_same_invitation_goes_out_again_once_for_each_mail(
    meeting: Meeting, state: Any
) -> None:
    delivery = replace(HELD, state=state)
    [event] = again(meeting, delivery, email="p0@example.org")
    assert isinstance(event, InvitationIssued)
    assert (event.instead_of, event.person.invitation_id) == (HELD.notification_id, GUEST)
    assert (event.person.email, event.person.sealed_token) == ("p0@example.org", seal(GUEST))
    sent = after(meeting, [event])
    assert len(sent.invitations) == len(meeting.invitations)
    assert again(sent, delivery) == again(sent, delivery, email="new@example.org") == []
    assert delivery.since(sent.invitations[0].instead_of) == Delivery("pending")
    another = replace(delivery, notification_id=UUID(int=901))
    assert len(again(sent, another)) == 1


def test_a_corrected_address_is_another_invitation_and_ends_the_old_link(meeting: Meeting) -> None:
    withdrawn, issued = again(meeting, email="new@example.org")
    assert isinstance(withdrawn, InvitationWithdrawn)
    assert isinstance(issued, InvitationIssued)
    new = invitation_id_of(meeting.meeting_id, None, "new@example.org")
    assert (withdrawn.invitation_id, withdrawn.instead_id, withdrawn.name) == (
        GUEST,
        new,
        "Person 0",
    )
    assert (issued.person.invitation_id, issued.person.sealed_token) == (new, seal(new))
    now = after(meeting, [withdrawn, issued])
    assert [each.person.email for each in now.invitations] == ["p1@example.org", "new@example.org"]
    with pytest.raises(NotFoundError):
        again(now)
    with pytest.raises(RefusedError) as refusal:
        again(meeting, email="p1@example.org")
    assert [(e.field, e.code) for e in refusal.value.errors] == [("email", "already-invited")]


def test_somebody_with_an_account_keeps_the_invitation_at_the_accounts_address(
    meeting: Meeting,
) -> None:
    [event] = again(meeting, invitation_id=COLLEAGUE, email="moved@example.org")
    assert isinstance(event, InvitationIssued)
    assert (event.person.invitation_id, event.person.email) == (COLLEAGUE, "moved@example.org")


@pytest.mark.parametrize(
    ("delivery", "code"),
    [
        (Delivery("sent", None, UUID(int=900)), "sent"),
        (Delivery("pending", None, UUID(int=900)), "pending"),
        (Delivery(), "pending"),
    ],
)
def test_what_arrived_or_is_on_its_way_is_not_sent_again(
    meeting: Meeting, delivery: Delivery, code: str
) -> None:
    with pytest.raises(RefusedError) as refusal:
        again(meeting, delivery)
    assert refusal.value.code == code


def test_who_answered_has_it_and_late_is_late(meeting: Meeting, held: Meeting) -> None:
    first, *others = meeting.invitations
    answered = replace(meeting, invitations=(replace(first, answer="accepted"), *others))
    for state, code in (
        (answered, "answered"),
        (held, "started"),
        (replace(meeting, state="cancelled"), "cancelled"),
        (replace(meeting, state="confirmed"), "confirmed"),
    ):
        with pytest.raises(RefusedError) as refusal:
            again(state)
        assert refusal.value.code == code


async def held_mail(world: Any, invitation_id: str) -> None:
    """Let notification-service lose the mail server's answer."""
    stream, about = await world.ask_for_mail(invitation_id)
    await world.say("notification", stream, NotificationHeld(**about, message_id="m"))


@pytest.mark.servers
async def test_an_organiser_sends_an_uncertain_invitation_again_to_a_better_address(
    world: Any,
) -> None:
    worker = await world.person("virtual_school", assigned=False)
    teacher = await world.person("designated_teacher")
    rosa = Invitee(email="rosa@example.org", name="Rosa", role="guest")
    colleague = Invitee(account_id=teacher, name="Ms Gray", role="designated_teacher")
    pep_id = await world.pep(worker, invitees=[rosa, colleague])
    seen = (await world.view(worker, pep_id))["invitations"]
    assert [each["may_send_again"] for each in seen] == [False, False]
    for each in seen:
        await held_mail(world, each["invitation_id"])

    async def uncertain() -> Any:
        view = await world.view(worker, pep_id)
        return view if all(each["may_send_again"] for each in view["invitations"]) else None

    view = await eventually(uncertain)
    paths = {
        each["name"]: f"/peps/{pep_id}/meeting/invitations/{each['invitation_id']}/mail"
        for each in view["invitations"]
    }
    wrong = {each["name"]: each["invitation_id"] for each in seen}["Rosa"]
    version, old = view["version"], await world.token(wrong)
    gray = await world.change(worker, "POST", paths["Ms Gray"], {"email": "x@y.org"}, version)
    assert [e["code"] for e in gray.json()["errors"]] == ["account"]
    gray = await world.change(worker, "POST", paths["Ms Gray"], {}, version)
    assert gray.status_code == 200, gray.text
    twice = await world.change(worker, "POST", paths["Ms Gray"], {}, version)
    assert twice.json() == gray.json()
    body = {"email": "Rosa.Hill@example.org"}
    answer = await world.change(worker, "POST", paths["Rosa"], body, version)
    assert answer.status_code == 200, answer.text
    view = await world.view(worker, pep_id)
    found = {each["email"]: each for each in view["invitations"]}
    new = found["rosa.hill@example.org"]
    assert new["invitation_id"] == answer.json()["invitation_id"] != wrong
    assert {each["delivery"] for each in found.values()} == {"pending"}
    assert not any(each["may_send_again"] for each in found.values())
    client = world.service.client
    assert (await client.post("/invitation-links", json={"token": old})).status_code == 404

    async def opens() -> bool:
        body = {"token": await world.token(new["invitation_id"])}
        return bool((await client.post("/invitation-links", json=body)).is_success)

    assert await eventually(opens)
