"""A meeting from its PEP's beginning, moved, cancelled, with more people: on real servers."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from epep_events.envelope import Actor
from epep_events.meeting import (
    InvitationIssued,
    MeetingCancelled,
    MeetingRescheduled,
    MeetingScheduled,
)
from epep_events.notification import (
    NotificationFailed,
    NotificationHeld,
    NotificationSent,
)
from epep_events.pep import Invitee, PEPSignedOff
from epep_runtime.ids import derived_id
from epep_runtime.sealing import unseal
from epep_runtime.testing import eventually
from meeting_service.invitations.links import invitation_of
from meeting_service.settings import meeting_settings

pytestmark = pytest.mark.servers
GUEST = Invitee(email="aunt@example.org", name="Rosa Hill", role="guest")
LATER = {
    "date": (datetime.now(UTC) + timedelta(days=30)).date().isoformat(),
    "time": "14:15",
    "duration_minutes": 45,
    "place": "Room 2",
    "why": "Half term",
}


async def test_a_pep_with_a_meeting_invites_everybody_in_one_append(world: Any) -> None:
    worker, teacher = await world.person("social_worker"), await world.person("designated_teacher")
    colleague = Invitee(account_id=teacher, name="Ms Gray", role="designated_teacher")
    pep_id = await world.pep(worker, invitees=[colleague, GUEST])
    view = await world.view(teacher, pep_id)
    assert view["meeting_id"] == str(derived_id("meeting", pep_id))
    assert (view["state"], view["reason_label"], view["place"]) == (
        "scheduled",
        "Termly review",
        "Library",
    )
    assert [
        (each["name"], each["email"], each["role_label"], each["answer"], each["delivery"])
        for each in view["invitations"]
    ] == [
        ("Ms Gray", f"{teacher.hex[:8]}@example.org", "Designated Teacher", None, "pending"),
        ("Rosa Hill", "aunt@example.org", "Invited by email", None, "pending"),
    ]
    seen = await world.view(await world.person("parent"), pep_id)  # who reads no addresses
    assert [(each["name"], each["email"]) for each in seen["invitations"]] == [
        ("Ms Gray", None),
        ("Rosa Hill", None),
    ]
    said = [e for e in await world.service.said() if e.data.pep_id == pep_id]
    expected: list[type[Any]] = [MeetingScheduled, InvitationIssued, InvitationIssued]
    assert [type(e.data) for e in said] == expected
    assert len({e.meta.occurred_at for e in said}) == 1
    assert said[0].data.organiser_account_id == worker


async def test_only_notification_can_read_the_link(world: Any) -> None:
    worker = await world.person("social_worker")
    pep_id = await world.pep(worker, invitees=[GUEST])
    [invitation] = (await world.view(worker, pep_id))["invitations"]
    token = await world.token(invitation["invitation_id"])
    key = meeting_settings(world.service.process.settings).key()
    assert str(invitation_of(key, token)) == invitation["invitation_id"]
    stored = await world.service.process.pool.fetchval(
        "SELECT string_agg(data::text, '') FROM events"
    )
    assert token not in stored


async def test_an_event_that_comes_again_invites_nobody_again(world: Any) -> None:
    worker = await world.person("social_worker")
    actor = Actor(id=str(worker), role="social_worker")
    event, others = world.initiated(invitees=[GUEST]), world.service.others
    stream = f"pep-{event.pep_id}"
    meta = await world.say("pep", stream, event, actor=actor)
    publication = others._publication
    await world.row("SELECT 1 FROM meetings WHERE pep_id = $1", event.pep_id)
    await others.send_again(event, meta, publication)  # as a relay does after a crash
    await world.say("pep", stream, event, actor=actor)  # as no relay ever should
    marker = world.initiated()
    await world.say("pep", stream, marker, actor=actor)  # same key: behind the two, in order
    await world.row("SELECT 1 FROM meetings WHERE pep_id = $1", marker.pep_id)
    issued = await world.service.said(MeetingScheduled, InvitationIssued)
    assert len([each for each in issued if each.data.pep_id == event.pep_id]) == 2


async def test_an_account_that_is_not_known_yet_is_invited_when_it_is(world: Any) -> None:
    worker = await world.person("social_worker")
    unknown = await world.person("iro", assigned=False, known=False)
    invitee = Invitee(account_id=unknown, name="Iris", role="iro")
    event = world.initiated(invitees=[invitee])
    await world.say("pep", f"pep-{event.pep_id}", event)
    await world.row(
        "SELECT 1 FROM peps JOIN access_peps USING (pep_id) WHERE pep_id = $1", event.pep_id
    )
    answer = await world.get(worker, f"/peps/{event.pep_id}/meeting")
    assert answer.status_code == 404
    await world.register(unknown, "iro")
    await world.row("SELECT 1 FROM invitations WHERE account_id = $1", unknown)


async def test_rescheduling_tells_everybody_again_with_the_same_link(world: Any) -> None:
    school, worker = (
        await world.person("virtual_school", assigned=False),
        await world.person("social_worker"),
    )
    pep_id = await world.pep(worker, invitees=[GUEST])
    view = await world.view(school, pep_id)
    assert view["may"]["reschedule"]
    assert not view["may"]["record"]
    path = f"/peps/{pep_id}/meeting/reschedule"
    answer = await world.change(school, "POST", path, LATER, view["version"])
    assert answer.status_code == 200
    assert answer.headers["ETag"] == f'"{answer.json()["version"]}"'
    moved = await world.view(worker, pep_id)
    assert (moved["place"], moved["duration_minutes"]) == ("Room 2", 45)
    events = await world.service.said(MeetingRescheduled)
    [event] = [each.data for each in events if each.data.pep_id == pep_id]
    assert event.new.sequence == 1
    sealed = unseal(event.invited[0].sealed_token, world.sealing.as_dict(private=True))
    assert sealed == await world.token(view["invitations"][0]["invitation_id"])
    stale = await world.change(worker, "POST", path, LATER, view["version"])
    assert stale.status_code == 412
    assert stale.json()["state"] == moved


async def test_an_answer_that_comes_in_is_no_conflict_for_the_organiser(world: Any) -> None:
    worker, teacher = await world.person("social_worker"), await world.person("designated_teacher")
    invitee = Invitee(account_id=teacher, name="Ms Gray", role="designated_teacher")
    pep_id = await world.pep(worker, invitees=[invitee])
    view = await world.view(worker, pep_id)
    response = f"/invitations/{view['invitations'][0]['invitation_id']}/response"
    assert (await world.change(teacher, "POST", response, {"answer": "accepted"})).is_success
    path = f"/peps/{pep_id}/meeting/reschedule"
    answer = await world.change(worker, "POST", path, LATER, view["version"])
    assert answer.status_code == 200
    assert (await world.view(worker, pep_id))["invitations"][0]["answer"] is None


async def test_a_cancelled_meeting_is_said_and_may_be_arranged_again(world: Any) -> None:
    worker = await world.person("social_worker")
    pep_id = await world.pep(worker, invitees=[GUEST])
    base = f"/peps/{pep_id}/meeting"
    version = (await world.view(worker, pep_id))["version"]
    blank = await world.change(worker, "POST", f"{base}/cancellation", {"why": "  "}, version)
    assert (blank.status_code, blank.json()["errors"][0]["field"]) == (422, "why")
    answer = await world.change(worker, "POST", f"{base}/cancellation", {"why": "Snow"}, version)
    assert answer.status_code == 200
    assert any(e.data.why == "Snow" for e in await world.service.said(MeetingCancelled))
    off = await world.view(worker, pep_id)
    assert (off["state"], off["may"]["invite"], off["may"]["reschedule"]) == (
        "cancelled",
        False,
        True,
    )
    again = await world.change(worker, "POST", f"{base}/reschedule", LATER, off["version"])
    assert again.is_success
    assert (await world.view(worker, pep_id))["state"] == "scheduled"


async def test_more_people_are_invited(world: Any) -> None:
    worker, officer = await world.person("social_worker"), await world.person("iro", assigned=False)
    pep_id = await world.pep(worker)
    path = f"/peps/{pep_id}/meeting/invitations"
    version = (await world.view(worker, pep_id))["version"]
    body = {"invitee": {"account_id": str(officer), "name": "whoever", "role": "iro"}}
    answer = await world.change(worker, "POST", path, body, version)
    assert answer.status_code == 201
    view = await world.view(worker, pep_id)
    assert view["version"] == answer.json()["version"]
    assert view["invitations"][0]["name"] == "Known iro"
    twice = await world.change(worker, "POST", path, body, view["version"])
    assert (twice.status_code, twice.json()["errors"][0]["code"]) == (409, "already-invited")
    guest = {"invitee": {"email": "Bo@Example.org", "name": "Bo"}}
    assert (await world.change(worker, "POST", path, guest, view["version"])).status_code == 201


@pytest.mark.parametrize(
    ("invitee", "field"),
    [
        ({}, "invitee.email"),
        ({"email": "bo@example.org"}, "invitee.name"),
        ({"email": "not an address", "name": "Bo"}, "invitee.email"),
        ({"account_id": str(uuid4())}, "invitee.account_id"),
        ({"account_id": str(uuid4()), "email": "bo@example.org"}, "invitee.email"),
        ({"email": "bo@example.org", "name": "Bo\x00"}, "invitee.name"),
        ({"email": "bo@example.org", "name": "B" * 201}, "invitee.name"),
        ({"email": "bo@example.org", "name": "Bo", "rank": 1}, "invitee.rank"),
    ],
)
async def test_invitees_that_do_not_fit(
    world: Any, untouched: Any, invitee: Any, field: str
) -> None:
    worker, pep_id = untouched
    path = f"/peps/{pep_id}/meeting/invitations"
    answer = await world.change(worker, "POST", path, {"invitee": invitee}, 1)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == field


async def test_what_became_of_each_mail_is_shown(world: Any) -> None:
    worker = await world.person("social_worker")
    guests = [GUEST.model_copy(update={"email": f"g{n}@example.org"}) for n in range(4)]
    pep_id = await world.pep(worker, invitees=guests)
    ids = [each["invitation_id"] for each in (await world.view(worker, pep_id))["invitations"]]
    endings: list[tuple[type[Any], dict[str, str]]] = [
        (NotificationSent, {"message_id": "m1"}),
        (NotificationFailed, {"why": "550 no such user"}),
        (NotificationHeld, {"message_id": "m2"}),
    ]
    for invitation_id, ending in zip(ids, [*endings, None], strict=True):
        stream, about = await world.ask_for_mail(invitation_id)
        if ending:
            await world.say("notification", stream, ending[0](**about, **ending[1]))
    other = {**about, "notification_id": uuid4(), "kind": "answered", "message_id": "m3"}
    await world.say(
        "notification", f"notification-{other['notification_id']}", NotificationSent(**other)
    )

    async def deliveries() -> bool:
        view = await world.view(worker, pep_id)
        found = [(each["delivery"], each["delivery_reason"]) for each in view["invitations"]]
        assert found[0] == ("sent", None)
        assert found[1] == ("failed", "550 no such user")
        assert found[2][0] == "uncertain"
        assert found[3] == ("pending", None)
        return True

    assert await eventually(deliveries)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"date": "2001-01-01"}, "date"),
        ({"date": "9999-12-31"}, "date"),
        ({"date": "2027-03-28", "time": "01:30"}, "time"),
        ({"date": "2027-02-29"}, "date"),
        ({"duration_minutes": 14}, "duration_minutes"),
        ({"duration_minutes": 481}, "duration_minutes"),
        ({"place": "p" * 201}, "place"),
        ({"place": "two\nlines"}, "place"),
        ({"why": "w" * 1001}, "why"),
        ({"minutes": 4}, "minutes"),
    ],
)
async def test_times_and_texts_that_do_not_fit(
    world: Any, untouched: Any, body: Any, field: str
) -> None:
    worker, pep_id = untouched
    path = f"/peps/{pep_id}/meeting/reschedule"
    answer = await world.change(worker, "POST", path, {**LATER, **body}, 1)
    assert answer.status_code == 422, answer.text
    assert answer.json()["errors"][0]["field"] == field


async def test_changes_name_the_version_they_saw(world: Any, untouched: Any) -> None:
    worker, pep_id = untouched
    path = f"/peps/{pep_id}/meeting/reschedule"
    assert (await world.change(worker, "POST", path, LATER)).status_code == 428
    assert (await world.change(worker, "POST", path, LATER, 99)).status_code == 412


async def test_strangers_and_readers(world: Any) -> None:
    worker, carer = await world.person("social_worker"), await world.person("carer")
    stranger = await world.person("social_worker", assigned=False)
    pep_id = await world.pep(worker)
    base = f"/peps/{pep_id}/meeting"
    later = {"date": LATER["date"], "time": "09:00"}
    changes = [
        ("PUT", f"{base}/record", {}),
        ("PUT", f"{base}/next", later),
        ("POST", f"{base}/confirmation", {}),
        ("POST", f"{base}/reschedule", LATER),
        ("POST", f"{base}/cancellation", {"why": "Snow"}),
        ("POST", f"{base}/invitations", {"invitee": {"email": "a@example.org", "name": "A"}}),
    ]
    assert (await world.get(stranger, base)).status_code == 404
    assert not any((await world.view(carer, pep_id))["may"].values())
    for method, path, body in changes:
        assert (await world.change(stranger, method, path, body, 1)).status_code == 404
        assert (await world.change(carer, method, path, body, 1)).status_code == 403
        assert (await world.service.client.request(method, path, json=body)).status_code == 401
    assert (await world.get(worker, f"/peps/{uuid4()}/meeting")).status_code == 404


async def test_whoever_set_the_pep_up_may_move_its_meeting(world: Any) -> None:
    organiser = await world.person("iro")
    pep_id = await world.pep(organiser)
    view = await world.view(organiser, pep_id)
    assert (view["may"]["reschedule"], view["may"]["record"]) == (True, False)
    path = f"/peps/{pep_id}/meeting/reschedule"
    assert (await world.change(organiser, "POST", path, LATER, 1)).is_success


async def test_after_sign_off_nothing_changes(world: Any) -> None:
    worker, teacher = await world.person("social_worker"), await world.person("designated_teacher")
    invitee = Invitee(account_id=teacher, name="Ms Gray", role="designated_teacher")
    pep_id = await world.pep(worker, invitees=[invitee])
    signed = PEPSignedOff(
        pep_id=pep_id,
        child_id=world.child_id,
        kind="termly",
        profile_version=3,
        next_pep_id=None,
        next_meeting_at=None,
    )
    await world.say("pep", f"pep-{pep_id}", signed)
    await world.row("SELECT 1 FROM peps WHERE pep_id = $1 AND signed_off", pep_id)
    view = await world.view(worker, pep_id)
    assert not any(view["may"].values())
    base = f"/peps/{pep_id}/meeting"
    for method, path, body in [
        ("POST", f"{base}/reschedule", LATER),
        ("PUT", f"{base}/record", {"chair": "Jo"}),
        ("PUT", f"{base}/next", {"date": LATER["date"], "time": "09:00"}),
    ]:
        answer = await world.change(worker, method, path, body, view["version"])
        assert (answer.status_code, answer.json()["errors"][0]["code"]) == (409, "signed-off")
    response = f"/invitations/{view['invitations'][0]['invitation_id']}/response"
    late = await world.change(teacher, "POST", response, {"answer": "accepted"})
    assert (late.status_code, late.json()["errors"][0]["code"]) == (409, "signed-off")
