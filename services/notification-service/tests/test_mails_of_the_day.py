"""One mail a day for who wants it so: what is in it, when it goes out, and that it goes once."""

import email
import email.policy
from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta
from functools import partial
from typing import Any
from uuid import UUID

import pytest
from notification_stories import Family, body, profile

from epep_events.identity import RoleGranted
from epep_events.notification import (
    Kind,
    NotificationGathered,
    NotificationRequested,
    NotificationSent,
)
from epep_events.operations import SubjectErased
from epep_events.pep import AuthorityProfilePublished, PEPSignedOff, PEPSubmitted
from epep_local.mailbox import Mailbox
from epep_runtime.ids import new_id
from epep_runtime.testing import ServiceUnderTest, eventually
from notification_service.mails.rendering import MailWriter
from notification_service.notifications.delivering import gathered, sent, unmailed
from notification_service.notifications.facts import DigestItem, Facts
from notification_service.notifications.notification import Notification, evolve
from notification_service.notifications.requesting import Notice, Recipient, request
from notification_service.outbox.gathering import gather, last_moment
from notification_service.settings import NotificationSettings

SEVEN, HALF_PAST_FIVE = time(7), time(5, 30)
SAID = datetime(2026, 11, 22, 16, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("now", "at", "expected"),
    [
        ("2026-11-23T06:59:59Z", SEVEN, "2026-11-22T07:00:00Z"),
        ("2026-11-23T07:00:00Z", SEVEN, "2026-11-23T07:00:00Z"),
        ("2026-07-01T06:00:00Z", SEVEN, "2026-07-01T06:00:00Z"),  # summer time
        ("2026-07-01T05:59:59Z", SEVEN, "2026-06-30T06:00:00Z"),
        ("2026-03-29T06:30:00Z", SEVEN, "2026-03-29T06:00:00Z"),  # the clocks went forward
        ("2026-10-25T06:30:00Z", SEVEN, "2026-10-24T06:00:00Z"),  # the clocks went back
        ("2026-03-29T03:00:00Z", time(1, 30), "2026-03-29T01:30:00Z"),  # 01:30 was skipped
    ],
)
def test_it_is_due_at_the_hour_of_the_wall_clock(now: str, at: time, expected: str) -> None:
    assert last_moment(datetime.fromisoformat(now), at) == datetime.fromisoformat(expected)


def digest(kinds: Sequence[Kind]) -> Facts:
    items = tuple(DigestItem(kind=kind, said_at=SAID, initials="K.O.") for kind in kinds)
    return Facts(kind="digest", said_at=SAID, name="Bea", has_account=True, items=items)


@pytest.mark.parametrize(
    ("count", "words"), [(1, "1 message has come"), (3, "3 messages have come")]
)
def test_it_lists_what_its_messages_are_about(
    settings: NotificationSettings, count: int, words: str
) -> None:
    kinds: list[Kind] = ["returned"] * count
    facts = digest(kinds)
    raw = MailWriter.for_settings(settings).write(new_id(), "bea@x.example", facts, None, SAID)
    mail = email.message_from_bytes(raw, policy=email.policy.default)
    text = body(mail)
    assert mail["Subject"] == "Your ePEP messages of the last day"
    assert words in text
    assert text.count("Sunday 22 November, 4:30pm: The PEP for K.O. needs more work") == count
    assert "https://epep.example/messages" in text
    assert "https://epep.example/account/notifications" in text


def test_of_very_many_messages_the_newest_are_listed(settings: NotificationSettings) -> None:
    older: list[Kind] = ["submitted"] * 10
    newer: list[Kind] = ["returned"] * 50
    facts = digest([*older, *newer])
    raw = MailWriter.for_settings(settings).write(new_id(), "bea@x.example", facts, None, SAID)
    text = body(email.message_from_bytes(raw, policy=email.policy.default))
    assert "60 messages have come" in text
    assert "newest 50" in text
    assert text.count("needs more work") == 50
    assert "quality assurance" not in text


def test_what_is_in_it_is_settled_once() -> None:
    own_id, digest_id, me = new_id(), new_id(), new_id()
    facts = Facts(kind="returned", said_at=SAID, name="Bea", has_account=True)
    notice = Notice(Recipient("Bea", "bea@x.example", me), facts)
    (asked,) = request(own_id, notice, Notification())
    state = evolve(Notification(), asked)
    (told,) = gathered(digest_id)(state)
    assert isinstance(told, NotificationGathered)
    assert (told.notification_id, told.digest_id, told.account_id) == (own_id, digest_id, me)
    after = evolve(state, told)
    for decide in (gathered(digest_id), sent("<m>"), unmailed):
        assert list(decide(after)) == []


async def choose(service: ServiceUnderTest, headers: dict[str, str], **body: Any) -> bool:
    """Choose what is mailed; tell whether it comes in one mail a day now."""
    known = await service.client.get("/preferences", headers=headers)
    told = headers | {"If-Match": known.headers["etag"], "Idempotency-Key": str(new_id())}
    answer = await service.client.put("/preferences", json=body, headers=told)
    assert answer.status_code == 200, answer.text
    return bool((await service.client.get("/preferences", headers=headers)).json()["daily"])


@pytest.mark.servers
async def test_a_day_s_messages_come_in_one_mail_and_nothing_urgent_waits(
    service: ServiceUnderTest, mailbox: Mailbox
) -> None:
    family, pool, store = Family(service, "810"), service.process.pool, service.process.store
    await family.settle_in()
    school, address = await family.person("Vera School", "virtual_school")
    other, other_address = await family.person("Val School", "virtual_school")
    headers = service.as_person(school, (family.authority, "virtual_school"))
    first = (await service.client.get("/preferences", headers=headers)).json()
    assert (first["daily"], first["daily_at"]) == (False, "07:00")
    assert await choose(service, headers, without_mail=[], daily=True) is True

    kept, kept_address = await _told_of_two_things(family, school)
    as_kept = service.as_person(kept, (family.authority, "virtual_school"))
    await mailbox.wait_for_async(other_address, lambda m: "signed off" in m["Subject"])
    assert await mailbox.messages_to_async(address) == []
    assert await gather(pool, store, SEVEN, store.clock()) == 0, "it is not due yet"

    await family.merge(school, kept)
    at_once = await mailbox.wait_for_async(address)  # of the merge: that is never put aside
    assert "log in" in at_once["Subject"]

    await _working_in_several(service, kept)
    due = last_moment(store.clock() + timedelta(days=1), HALF_PAST_FIVE)
    assert await gather(pool, store, SEVEN, due - timedelta(minutes=1)) == 0, "not at seven either"
    assert await gather(pool, store, SEVEN, due) == 1
    assert await gather(pool, store, SEVEN, due + timedelta(hours=23)) == 0, "one mail a day"
    mail = await mailbox.wait_for_async(kept_address, lambda m: "last day" in m["Subject"])
    text = body(mail)
    assert "2 messages have come" in text
    assert "The PEP for K.O. is ready for quality assurance" in text
    assert "The PEP for K.O. has been signed off" in text
    told = [each.data for each in await service.said(NotificationGathered)]
    mine = [each for each in told if each.account_id in {school, kept}]  # type: ignore[attr-defined]
    assert [(each.account_id, each.kind) for each in mine] == [  # type: ignore[attr-defined]
        (school, "submitted"),
        (kept, "signed_off"),
    ]
    (digest_id,) = {each.digest_id for each in mine}  # type: ignore[attr-defined]

    async def settled() -> list[Any]:
        found = [each.data for each in await service.said(NotificationSent)]
        return [each for each in found if each.notification_id == digest_id]  # type: ignore[attr-defined]

    (went,) = await eventually(settled)
    assert (went.kind, went.account_id, went.email) == ("digest", kept, kept_address)

    async def states() -> bool:
        found = (await service.client.get("/messages", headers=as_kept)).json()["messages"]
        known = [(each["kind"], each["state"]) for each in found if each["pep_id"]]
        return sorted(known) == [
            ("signed_off", "gathered"),
            ("signed_off", "unmailed"),
            ("submitted", "gathered"),
        ]

    assert await eventually(states)
    asked = [each.data for each in await service.said(NotificationRequested)]
    assert len([each for each in asked if each.kind == "digest"]) == 1  # type: ignore[attr-defined]
    await _changing_ones_mind(family, mailbox, other, other_address)


async def _told_of_two_things(family: Family, school: UUID) -> tuple[UUID, str]:
    """One account has two messages waiting, another of the same person the second of these, too."""
    service, say = family.service, partial(family.service.others.say, authority=family.authority)
    stream, ids = f"pep-{family.pep_id}", {"pep_id": family.pep_id, "child_id": family.child_id}

    async def waiting(account_id: UUID, count: int) -> bool:
        sql = "SELECT count(*) FROM outbox WHERE state = 'gathering' AND account_id = $1"
        return bool(await service.process.pool.fetchval(sql, account_id) == count)

    await say("pep", stream, PEPSubmitted(**ids, profile_version=1))
    assert await eventually(lambda: waiting(school, 1))
    kept, address = await family.person("Vera School", "virtual_school")
    headers = service.as_person(kept, (family.authority, "virtual_school"))
    assert await choose(service, headers, without_mail=[], daily=True)
    signed = PEPSignedOff(
        **ids, kind="review", profile_version=1, next_pep_id=None, next_meeting_at=None
    )
    await say("pep", stream, signed)
    assert await eventually(lambda: waiting(school, 2))
    assert await eventually(lambda: waiting(kept, 1))
    return kept, address


async def _working_in_several(service: ServiceUnderTest, account_id: UUID) -> None:
    """Three authorities, of which one names no hour: the mail of the day comes at the earliest."""
    headers = service.as_person(account_id, ("811", "virtual_school"))
    for code, hour in (("811", None), ("812", "16:00"), ("813", "05:30")):
        published = AuthorityProfilePublished(profile=profile(code, digest_at=hour))
        await service.others.say("pep", f"profile-{code}", published, authority=code)
        granted = RoleGranted(account_id=account_id, authority_code=code, role="virtual_school")
        await service.others.say("identity", f"account-{account_id}", granted, authority=code)

    async def at_the_earliest() -> bool:
        found = (await service.client.get("/preferences", headers=headers)).json()
        return bool(found["daily_at"] == "05:30")

    assert await eventually(at_the_earliest)


async def _changing_ones_mind(
    family: Family, mailbox: Mailbox, account_id: Any, address: str
) -> None:
    """What was switched off before the hour is in no mail; an erased child is in none either."""
    service, pool, store = family.service, family.service.process.pool, family.service.process.store
    headers = service.as_person(account_id, (family.authority, "virtual_school"))
    await choose(service, headers, without_mail=[], daily=True)
    stream, ids = f"pep-{family.pep_id}", {"pep_id": family.pep_id, "child_id": family.child_id}
    again = PEPSubmitted(**ids, profile_version=1)
    await service.others.say("pep", stream, again, authority=family.authority)
    of_mine = "SELECT count(*) FROM outbox WHERE account_id = $1 AND state = $2"

    async def in_state(state: str, count: int) -> bool:
        return bool(await pool.fetchval(of_mine, account_id, state) == count)

    assert await eventually(lambda: in_state("gathering", 1))
    await choose(service, headers, without_mail=["submitted"])
    before = len(await mailbox.messages_to_async(address))
    await gather(pool, store, SEVEN, store.clock() + timedelta(days=1))
    assert await in_state("unmailed", 1)
    assert await in_state("gathered", 0)

    await choose(service, headers, without_mail=[])
    await service.others.say("pep", stream, again, authority=family.authority)
    assert await eventually(lambda: in_state("gathering", 1))
    mailbox.refuse(address, 451)
    await gather(pool, store, SEVEN, store.clock() + timedelta(days=1))
    assert await in_state("gathered", 1)
    erased = SubjectErased(subject=family.child_id, kind="child", why="Asked for")
    await service.others.say(
        "pep", f"erasure-{family.child_id}", erased, authority=family.authority
    )
    digests = "SELECT state FROM outbox WHERE kind = 'digest' AND account_id = $1"

    async def stopped() -> bool:
        return bool(await pool.fetchval(digests, account_id) == "failed")

    assert await eventually(stopped)
    mailbox.accept(address)
    assert len(await mailbox.messages_to_async(address)) == before
