"""From another context's event to the mailbox: once, whatever the mail server does."""

from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from functools import partial

import pytest
import pytest_asyncio
from notification_stories import Family, in_an_hour, invitation, invited, when

from epep_events.access import EmergencyAccessTaken
from epep_events.identity import LoginCodeRequested, RoleGranted
from epep_events.meeting import InvitationResponded, MeetingCancelled, MeetingRescheduled
from epep_events.notification import (
    NotificationFailed,
    NotificationRequested,
    NotificationSent,
    SealingKeyPublished,
)
from epep_events.pep import PEPReturned, PEPSignedOff, PEPSubmitted
from epep_events.profile import Role
from epep_events.qa import QAPublished
from epep_local.mailbox import Mailbox
from epep_runtime.ids import new_id
from epep_runtime.sealing import seal
from epep_runtime.testing import ServiceUnderTest, eventually

pytestmark = pytest.mark.servers


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def family(service: ServiceUnderTest) -> Family:
    found = Family(service, "801")
    await found.settle_in()
    return found


async def sealed(service: ServiceUnderTest, secret: str) -> str:
    (published,) = await service.said(SealingKeyPublished)
    assert isinstance(published.data, SealingKeyPublished)
    return seal(secret, published.data.jwk)


def body(mail: EmailMessage) -> str:
    part = mail.get_body(("plain",))
    assert part is not None
    return str(part.get_content())


async def settled(service: ServiceUnderTest, type_: type, email: str) -> list[object]:
    return [each.data for each in await service.said(type_) if each.data.email == email]  # type: ignore[attr-defined]


async def test_a_code_is_mailed_once_and_nothing_of_it_stays(
    service: ServiceUnderTest, mailbox: Mailbox
) -> None:
    address = f"{new_id().hex[-12:]}@people.example"
    event = LoginCodeRequested(
        login_id=new_id(),
        account_id=new_id(),
        name="Sam Social",
        email=address,
        sealed_code=await sealed(service, "048151"),
        expires_at=in_an_hour(),
    )
    meta = await service.others.say("identity", f"login-{event.login_id}", event)
    mail = await mailbox.wait_for_async(address)
    assert "048151" in body(mail)
    assert mail["Subject"] == "Your ePEP security code"
    (sent,) = await eventually(lambda: settled(service, NotificationSent, address))
    assert isinstance(sent, NotificationSent)
    assert sent.message_id == mail["Message-ID"] == f"<{sent.notification_id}@epep.example>"

    await service.others.send_again(event, meta, 1)  # as a relay does after a crash
    second = event.model_copy(update={"login_id": new_id(), "name": "Sam Again"})
    await service.others.say("identity", f"login-{event.login_id}", second)
    await mailbox.wait_for_async(address, lambda m: "Sam Again" in str(m["To"]))
    assert len(await mailbox.messages_to_async(address)) == 2
    left = await service.process.pool.fetchval(
        "SELECT count(*) FROM outbox WHERE facts IS NOT NULL AND email = $1", address
    )
    assert left == 0
    assert all("048151" not in each.data.model_dump_json() for each in await service.said())

    async def shown() -> bool:
        metrics = (await service.client.get("/metrics")).text
        assert 'epep_mails_ended{outcome="sent"} 2.0' in metrics
        return "epep_mails_due 0.0" in metrics

    await eventually(shown)


async def test_a_code_that_ran_out_is_not_mailed(
    service: ServiceUnderTest, mailbox: Mailbox
) -> None:
    address = f"{new_id().hex[-12:]}@people.example"
    event = LoginCodeRequested(
        login_id=new_id(),
        account_id=new_id(),
        name="Sam Social",
        email=address,
        sealed_code=await sealed(service, "048151"),
        expires_at=service.process.store.clock(),
    )
    await service.others.say("identity", f"login-{event.login_id}", event)
    (failed,) = await eventually(lambda: settled(service, NotificationFailed, address))
    assert isinstance(failed, NotificationFailed)
    assert failed.why == "The code ran out before the mail could be sent."
    assert await mailbox.messages_to_async(address) == []


async def test_an_invitation_a_new_time_and_a_cancellation_reach_a_guest(
    service: ServiceUnderTest, family: Family, mailbox: Mailbox
) -> None:
    address = f"{new_id().hex[-12:]}@guests.example"
    guest = invited(address, await sealed(service, "tok-1"))
    stream, say = f"meeting-{family.meeting_id}", service.others.say
    first = invitation(guest, family.meeting_id, family.pep_id)
    await say("meeting", stream, first, authority=family.authority)
    mail = await mailbox.wait_for_async(address)
    assert "https://epep.example/invitations/answer/tok-1" in body(mail)
    assert "Why: Termly review" in body(mail)
    moved = MeetingRescheduled(
        meeting_id=family.meeting_id,
        pep_id=family.pep_id,
        child_id=family.child_id,
        child_initials="K.O.",
        old=when(0),
        new=when(1),
        why="The hall is flooded",
        contact_name=None,
        contact_phone=None,
        invited=(guest,),
    )
    await say("meeting", stream, moved, authority=family.authority)
    changed = await mailbox.wait_for_async(address, lambda m: "Changed" in m["Subject"])
    assert b"SEQUENCE:1" in changed.as_bytes() or "SEQUENCE:1" in calendar_text(changed)
    cancelled = MeetingCancelled(
        meeting_id=family.meeting_id,
        pep_id=family.pep_id,
        child_id=family.child_id,
        child_initials="K.O.",
        when=when(2),
        why="Nobody can come",
        invited=(guest,),
    )
    await say("meeting", stream, cancelled, authority=family.authority)
    gone = await mailbox.wait_for_async(address, lambda m: "Cancelled" in m["Subject"])
    assert "METHOD:CANCEL" in calendar_text(gone)
    uid = f"UID:{family.meeting_id}@epep"
    assert all(uid in calendar_text(each) for each in (mail, changed, gone))


def calendar_text(mail: EmailMessage) -> str:
    (part,) = (each for each in mail.walk() if each.get_content_type() == "text/calendar")
    return str(part.get_content())


async def test_an_invitee_whose_address_identity_knows_is_found(
    service: ServiceUnderTest, family: Family, mailbox: Mailbox
) -> None:
    account_id, address = await family.person("Cara Carer")
    guest = invited(None, await sealed(service, "tok-2"), "Cara Carer", account_id)
    event = invitation(guest, new_id(), family.pep_id)
    await service.others.say("meeting", "meeting-x", event, authority=family.authority)
    mail = await mailbox.wait_for_async(address)
    assert "https://epep.example/invitations" in body(mail)


async def test_an_invitee_without_any_address_is_reported(
    service: ServiceUnderTest, family: Family
) -> None:
    guest = invited(None, "unread")
    event = invitation(guest, new_id(), family.pep_id)
    await service.others.say("meeting", "meeting-y", event, authority=family.authority)

    async def reported() -> bool:
        found = [each.data for each in await service.said(NotificationFailed)]
        return any(
            isinstance(each, NotificationFailed) and each.invitation_id == guest.invitation_id
            for each in found
        )

    assert await eventually(reported)


async def test_a_refused_address_fails_with_a_sentence_and_holds_nobody_else_up(
    service: ServiceUnderTest, family: Family, mailbox: Mailbox
) -> None:
    bad, good = (f"{new_id().hex[-12:]}@guests.example" for _ in range(2))
    mailbox.refuse(bad)
    meeting_id, token = new_id(), await sealed(service, "tok-3")
    event = MeetingRescheduled(
        meeting_id=meeting_id,
        pep_id=family.pep_id,
        child_id=family.child_id,
        child_initials="K.O.",
        old=when(0),
        new=when(1),
        why=None,
        contact_name=None,
        contact_phone=None,
        invited=(invited(bad, token), invited(good, token)),
    )
    await service.others.say("meeting", f"meeting-{meeting_id}", event, authority=family.authority)
    await mailbox.wait_for_async(good)
    (failed,) = await eventually(lambda: settled(service, NotificationFailed, bad))
    assert isinstance(failed, NotificationFailed)
    assert failed.why == "The mail server says that there is no such address."
    assert failed.invitation_id == event.invited[0].invitation_id
    asked = await service.said(NotificationRequested)
    caused = [each for each in asked if each.data.meeting_id == meeting_id]  # type: ignore[attr-defined]
    assert len({each.meta.stream_id for each in caused}) == len(caused) == 2


async def test_a_server_that_says_later_gets_it_later(
    service: ServiceUnderTest, family: Family, mailbox: Mailbox
) -> None:
    address = f"{new_id().hex[-12:]}@guests.example"
    mailbox.refuse(address, 451)
    guest = invited(address, await sealed(service, "tok-4"))
    event = invitation(guest, new_id(), family.pep_id)
    await service.others.say("meeting", "meeting-z", event, authority=family.authority)

    async def tried_twice() -> bool:
        tries = await service.process.pool.fetchval(
            "SELECT tries FROM outbox WHERE email = $1", address
        )
        return bool(tries and tries >= 2)

    await eventually(tried_twice)
    mailbox.accept(address)
    await mailbox.wait_for_async(address)
    await eventually(lambda: settled(service, NotificationSent, address))
    assert await settled(service, NotificationFailed, address) == []
    assert len(await mailbox.messages_to_async(address)) == 1


async def test_everybody_is_told_of_what_concerns_them(
    service: ServiceUnderTest, mailbox: Mailbox
) -> None:
    family = Family(service, "802")
    await family.settle_in()
    teacher_id, teacher = await family.person("Dana Teach", "designated_teacher", "coordinator")
    _, worker = await family.person("Sam Social", "social_worker")
    _, carer = await family.person("Cara Carer", "carer")
    stream, say = f"pep-{family.pep_id}", partial(service.others.say, authority=family.authority)
    ids = {"pep_id": family.pep_id, "child_id": family.child_id}

    await say("pep", stream, PEPSubmitted(**ids, profile_version=1))
    shared = await mailbox.wait_for_async(f"school-{family.authority}@testshire.example")
    assert shared["Subject"] == "The PEP for K.O. is ready for quality assurance"

    _, school = await family.person("Vera School", "virtual_school")
    answer = InvitationResponded(
        meeting_id=new_id(),
        pep_id=family.pep_id,
        child_id=family.child_id,
        invitation_id=new_id(),
        name="Cara Carer",
        answer="accepted",
        organiser_account_id=teacher_id,
        child_initials="K.O.",
    )
    await say("meeting", "meeting-m", answer)
    await mailbox.wait_for_async(teacher, lambda m: "answer to your invitation" in m["Subject"])

    returned = PEPReturned(**ids, review_id=new_id(), comment="Kim needs more", rating_label=None)
    await say("pep", stream, returned)
    for address in (teacher, worker):
        mail = await mailbox.wait_for_async(address, lambda m: "needs more work" in m["Subject"])
        assert "Kim" not in body(mail)

    signed = PEPSignedOff(
        **ids, kind="review", profile_version=1, next_pep_id=None, next_meeting_at=None
    )
    await say("pep", stream, signed)
    for address in (teacher, worker, carer, school):
        await mailbox.wait_for_async(address, lambda m: "signed off" in m["Subject"])

    for decision in ("signed_off", "feedback"):
        published = QAPublished(
            **ids,
            review_id=new_id(),
            decision=decision,
            rating="good",
            rating_label="Good",
            comment="Fine",
            scores=(),
        )
        await say("qa", "review-r", published)
    await mailbox.wait_for_async(teacher, lambda m: "Feedback" in m["Subject"])
    await mailbox.wait_for_async(worker, lambda m: "Feedback" in m["Subject"])
    subjects = [m["Subject"] for m in await mailbox.messages_to_async(carer)]
    assert subjects == ["The PEP for K.O. has been signed off"]
    assert len([m for m in await mailbox.messages_to_async(teacher) if "Feed" in m["Subject"]]) == 1

    headers = service.as_person(teacher_id, (family.authority, "designated_teacher"))

    async def all_sent() -> bool:
        answered = await service.client.get("/messages", headers=headers)
        found = answered.json()["messages"]
        kinds = [each["kind"] for each in found]
        sent = all(each["state"] == "sent" for each in found)
        return sent and kinds == ["feedback", "signed_off", "returned", "answered"]

    assert await eventually(all_sent)
    others = await service.client.get("/messages", headers=service.as_person(new_id()))
    assert (others.json()["messages"], others.json()["unread"]) == ([], 0)
    await _reading(service, headers)
    assert (await service.client.get("/messages")).status_code == 401


async def _reading(service: ServiceUnderTest, headers: dict[str, str]) -> None:
    """Read two of one's four messages; others' cannot be read."""
    listed = (await service.client.get("/messages", headers=headers)).json()
    assert (listed["unread"], listed["total"], listed["page_size"]) == (4, 4, 25)
    ids = [each["notification_id"] for each in listed["messages"][:2]]
    for again in range(2):
        told = {"notification_ids": ids}
        noted = await service.client.post("/messages/read", json=told, headers=headers)
        assert (noted.status_code, noted.json()) == (200, {"version": 1}), again

    async def noted_here() -> bool:
        asked = {"unread": "true"}
        left = (await service.client.get("/messages", params=asked, headers=headers)).json()
        return bool(left["unread"] == left["total"] == len(left["messages"]) == 2)

    assert await eventually(noted_here)
    stranger = service.as_person(new_id())
    refused = await service.client.post("/messages/read", json=told, headers=stranger)
    assert refused.status_code == 404


async def test_the_virtual_school_is_told_at_once(
    service: ServiceUnderTest, mailbox: Mailbox
) -> None:
    family = Family(service, "807")
    await family.settle_in()
    duty, duty_mail = await family.person("Dora Duty")
    addresses = []
    held: tuple[Role, ...] = ("virtual_school", "virtual_school_head")
    for role in held:
        who, address = await family.person(f"Vera {role}")
        granted = RoleGranted(account_id=who, authority_code="807", role=role)
        await service.others.say("identity", f"account-{who}", granted)
        addresses.append(address)

    async def known() -> bool:
        count = await service.process.pool.fetchval(
            "SELECT count(*) FROM known_roles WHERE authority = '807'"
        )
        return bool(count == 2)

    await eventually(known)
    taken = EmergencyAccessTaken(
        child_id=family.child_id,
        account_id=duty,
        role="social_worker",
        reason="Kim was found at the station.",
        until=datetime.now(UTC) + timedelta(hours=24),
    )
    await service.others.say("pep", f"child-{family.child_id}", taken, authority="807")
    for address in addresses:
        mail = await mailbox.wait_for_async(address)
        assert mail["Subject"] == "Emergency access to a child’s record"
        assert "Dora Duty" in body(mail)
        assert "Kim" not in body(mail)
    assert await mailbox.messages_to_async(duty_mail) == []
