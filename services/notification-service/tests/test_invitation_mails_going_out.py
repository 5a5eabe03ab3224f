"""From what meeting-service says to each invitee's mailbox, whatever the mail server answers."""

from email.message import EmailMessage
from uuid import UUID

import pytest
import pytest_asyncio
from notification_stories import Family, body, invitation, invited, sealed, settled, when

from epep_events.getting_in import EmailChanged
from epep_events.identity import AccountsMerged, RoleGranted
from epep_events.meeting import (
    InvitationWithdrawn,
    InvitedPerson,
    MeetingCancelled,
    MeetingRescheduled,
)
from epep_events.notification import NotificationFailed, NotificationRequested, NotificationSent
from epep_local.mailbox import Mailbox
from epep_runtime.ids import new_id
from epep_runtime.testing import ServiceUnderTest, eventually
from notification_service.read_models.languages import language_for

pytestmark = pytest.mark.servers


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def family(service: ServiceUnderTest) -> Family:
    found = Family(service, "801")
    await found.settle_in()
    return found


def rescheduled(
    family: Family, meeting_id: UUID, guests: tuple[InvitedPerson, ...], why: str | None = None
) -> MeetingRescheduled:
    return MeetingRescheduled(
        meeting_id=meeting_id,
        pep_id=family.pep_id,
        child_id=family.child_id,
        child_initials="K.O.",
        old=when(0),
        new=when(1),
        why=why,
        contact_name=None,
        contact_phone=None,
        invited=guests,
    )


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
    moved = rescheduled(family, family.meeting_id, (guest,), "The hall is flooded")
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


async def test_after_a_merge_an_invitation_mails_the_address_of_the_account_that_is_kept(
    service: ServiceUnderTest, family: Family, mailbox: Mailbox
) -> None:
    old, old_address = await family.person("Cara Carer")
    kept, kept_address = await family.person("Cara Carer")
    merged = AccountsMerged(
        account_id=old, into_account_id=kept, authority_code=family.authority, why="Twice"
    )
    await service.others.say("identity", f"account-{old}", merged, authority=family.authority)
    moved = f"moved-{kept_address}"
    changed = EmailChanged(account_id=kept, old_email=kept_address, email=moved)
    await service.others.say("identity", f"account-{kept}", changed)

    async def known() -> bool:
        sql = (
            "SELECT k.email FROM known_people p JOIN known_people k ON k.account_id = p.merged_into"
        )
        return bool(await service.process.pool.fetchval(f"{sql} WHERE k.email = $1", moved))

    await eventually(known)
    token = await sealed(service, "tok-m")
    guests = [invited(old_address, token, "Cara Carer", each) for each in (old, kept)]
    for number, guest in enumerate(guests):
        # As before meeting-service has linked it to the kept account, and after: the same address.
        event = invitation(guest, new_id(), family.pep_id)
        stream = f"meeting-merged-{number}"
        await service.others.say("meeting", stream, event, authority=family.authority)

    async def both() -> bool:
        mails = await mailbox.messages_to_async(moved)
        return len([each for each in mails if "Invitation" in each["Subject"]]) == 2

    assert await eventually(both)
    at_old = await mailbox.messages_to_async(old_address)
    assert not [each for each in at_old if "Invitation" in each["Subject"]]
    headers = service.as_person(kept, (family.authority, "carer"))

    async def in_messages() -> bool:
        found = (await service.client.get("/messages", headers=headers)).json()["messages"]
        return [each["kind"] for each in found].count("invitation") == 2

    assert await eventually(in_messages)
    moved_meeting = rescheduled(family, new_id(), tuple(guests))
    await service.others.say("meeting", "meeting-2", moved_meeting, authority=family.authority)
    await mailbox.wait_for_async(moved, lambda m: "Changed" in m["Subject"])
    asked = [each.data for each in await service.said(NotificationRequested)]
    again = [each for each in asked if each.meeting_id == moved_meeting.meeting_id]  # type: ignore[attr-defined]
    assert [each.invitation_id for each in again] == [guests[1].invitation_id]  # type: ignore[attr-defined]


async def test_mails_are_in_the_language_of_the_authority_whose_words_they_carry(
    service: ServiceUnderTest, family: Family, mailbox: Mailbox
) -> None:
    welsh = Family(service, "681", "cy")
    await welsh.settle_in()
    address = f"{new_id().hex[-12:]}@guests.example"
    guest = invited(address, await sealed(service, "tok-w"))
    event = invitation(guest, welsh.meeting_id, welsh.pep_id)
    await service.others.say("meeting", "meeting-w", event, authority=welsh.authority)
    mail = await mailbox.wait_for_async(address)
    assert "Dydd Iau 3 Rhagfyr, 10:30am" in mail["Subject"]
    assert "Dydd Iau 3 Rhagfyr 2026, 10:30am to 11:30am" in body(mail)

    account_id, _ = await welsh.person("Wyn Williams")
    for authority, language in ((welsh.authority, "cy"), (family.authority, "en")):
        granted = RoleGranted(account_id=account_id, authority_code=authority, role="carer")
        await service.others.say("identity", f"account-{account_id}", granted)

        async def spoken(expected: str = language, code: str = authority) -> bool:
            async with service.process.pool.acquire() as connection:
                held = "SELECT true FROM known_roles WHERE account_id = $1 AND authority = $2"
                found = await language_for(connection, None, account_id)
                return bool(await connection.fetchval(held, account_id, code)) and found == expected

        assert await eventually(spoken), f"{authority}: {language}"


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
    event = rescheduled(family, meeting_id, (invited(bad, token), invited(good, token)))
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


async def test_what_waits_goes_to_the_kept_account_or_nowhere_when_it_was_withdrawn(
    service: ServiceUnderTest, family: Family, mailbox: Mailbox
) -> None:
    pool, say = service.process.pool, service.others.say
    old, old_address = await family.person("Cara Carer")
    kept, kept_address = await family.person("Cara Carer")
    mailbox.refuse(old_address, 451)
    guests = [
        invited(old_address, await sealed(service, f"tok-{n}"), "Cara Carer", old) for n in "ab"
    ]
    meetings = [new_id(), new_id()]
    for guest, meeting_id in zip(guests, meetings, strict=True):
        event = invitation(guest, meeting_id, family.pep_id)
        await say("meeting", f"meeting-{meeting_id}", event, authority=family.authority)

    async def put_off() -> bool:
        waiting = "SELECT count(*) FROM outbox WHERE email = $1 AND tries > 0"
        return bool(await pool.fetchval(waiting, old_address) == 2)

    await eventually(put_off)
    withdrawn = InvitationWithdrawn(
        meeting_id=meetings[1],
        pep_id=family.pep_id,
        child_id=family.child_id,
        invitation_id=guests[1].invitation_id,
        name="Cara Carer",
        instead_id=new_id(),
        accounts_merged=True,
    )
    await say("meeting", f"meeting-{meetings[1]}", withdrawn, authority=family.authority)
    (failed,) = await eventually(lambda: settled(service, NotificationFailed, old_address))
    assert isinstance(failed, NotificationFailed)
    assert failed.invitation_id == guests[1].invitation_id
    assert "withdrawn" in failed.why
    merged = AccountsMerged(
        account_id=old, into_account_id=kept, authority_code=family.authority, why="Twice"
    )
    await say("identity", f"account-{old}", merged, authority=family.authority)
    mail = await mailbox.wait_for_async(kept_address, lambda m: "Invitation" in m["Subject"])
    assert "https://epep.example/invitations/answer/tok-a" in body(mail)
    assert f"mailto:{kept_address}" in calendar_text(mail)
    sent = [
        each
        for each in await eventually(lambda: settled(service, NotificationSent, kept_address))
        if isinstance(each, NotificationSent) and each.kind == "invitation"
    ]
    assert [(each.account_id, each.invitation_id) for each in sent] == [
        (kept, guests[0].invitation_id)
    ]
    mailbox.accept(old_address)
    await mailbox.wait_for_async(old_address, lambda m: "log in" in m["Subject"])  # about itself
    at_old = [each["Subject"] for each in await mailbox.messages_to_async(old_address)]
    assert not [each for each in at_old if "Invitation" in each]
