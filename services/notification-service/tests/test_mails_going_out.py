"""Who is told of what has happened to a child's PEP or record, by mail and in the messages."""

from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

import pytest
from notification_stories import Family, body

from epep_events.access import EmergencyAccessTaken
from epep_events.identity import AccountsMerged, RoleGranted
from epep_events.meeting import InvitationResponded
from epep_events.notification import NotificationLeftUnmailed
from epep_events.pep import PEPReturned, PEPSignedOff, PEPSubmitted
from epep_events.profile import Role
from epep_events.qa import QAPublished
from epep_local.mailbox import Mailbox
from epep_runtime.ids import new_id
from epep_runtime.testing import ServiceUnderTest, eventually

pytestmark = pytest.mark.servers


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
    await _merging(family, teacher_id)
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


async def _merging(family: Family, old: UUID) -> None:
    """Who had two accounts finds the messages of both in the one that is kept, read and unread."""
    service = family.service
    kept, _ = await family.person("Dana Teach", "designated_teacher")
    merged = AccountsMerged(
        account_id=old, into_account_id=kept, authority_code=family.authority, why="Twice"
    )
    await service.others.say("identity", f"account-{old}", merged, authority=family.authority)
    headers = service.as_person(kept, (family.authority, "designated_teacher"))

    async def both() -> Any:
        found = (await service.client.get("/messages", headers=headers)).json()
        kinds = {each["kind"] for each in found["messages"]}
        return found if {"answered", "security_notice"} <= kinds else None

    found = await eventually(both)
    ids = [each["notification_id"] for each in found["messages"]]
    told = {"notification_ids": ids[:1]}
    noted = await service.client.post("/messages/read", json=told, headers=headers)
    assert noted.status_code == 200, noted.text
    assert sum(each["read_at"] is not None for each in found["messages"]) == 2


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


async def test_a_kind_switched_off_is_in_the_messages_and_goes_out_by_no_mail(
    service: ServiceUnderTest, mailbox: Mailbox
) -> None:
    family = Family(service, "808")
    await family.settle_in()
    quiet, quiet_mail = await family.person("Vera School", "virtual_school")
    _, other_mail = await family.person("Val School", "virtual_school")
    headers = service.as_person(quiet, (family.authority, "virtual_school"))
    await _switch_off_submissions(service, headers)
    say = partial(service.others.say, "pep", f"pep-{family.pep_id}", authority=family.authority)
    ids = {"pep_id": family.pep_id, "child_id": family.child_id}
    await say(PEPSubmitted(**ids, profile_version=1))
    mail = await mailbox.wait_for_async(other_mail, lambda m: "quality" in m["Subject"])
    assert "https://epep.example/account/notifications" in body(mail)

    async def kept() -> bool:
        found = (await service.client.get("/messages", headers=headers)).json()
        known = [(each["kind"], each["state"]) for each in found["messages"]]
        return known == [("submitted", "unmailed")] and found["unread"] == 1

    assert await eventually(kept)
    (left,) = await service.said(NotificationLeftUnmailed)
    assert isinstance(left.data, NotificationLeftUnmailed)
    assert left.data.account_id == quiet
    out = "SELECT count(*) FROM outbox WHERE email = $1"
    assert await service.process.pool.fetchval(out, quiet_mail) == 0

    signed = PEPSignedOff(
        **ids, kind="review", profile_version=1, next_pep_id=None, next_meeting_at=None
    )
    await say(signed)
    await mailbox.wait_for_async(quiet_mail, lambda m: "signed off" in m["Subject"])
    assert len(await mailbox.messages_to_async(quiet_mail)) == 1
    await _switching_off_what_waits(family, mailbox, headers, quiet_mail)


async def _switching_off_what_waits(
    family: Family, mailbox: Mailbox, headers: dict[str, str], address: str
) -> None:
    """A mail that the server has put off goes out no more when its kind is switched off."""
    service, pool = family.service, family.service.process.pool
    mailbox.refuse(address, 451)
    signed = PEPSignedOff(
        pep_id=family.pep_id,
        child_id=family.child_id,
        kind="review",
        profile_version=1,
        next_pep_id=None,
        next_meeting_at=None,
    )
    stream = f"pep-{family.pep_id}"
    await service.others.say("pep", stream, signed, authority=family.authority)

    async def put_off() -> bool:
        sql = "SELECT tries FROM outbox WHERE email = $1 AND settled_at IS NULL"
        return bool(await pool.fetchval(sql, address))

    await eventually(put_off)
    sent = {"without_mail": ["submitted", "signed_off"]}
    changed = await service.client.put(
        "/preferences", json=sent, headers=headers | {"If-Match": '"1"', "Idempotency-Key": "k9"}
    )
    assert changed.status_code == 200, changed.text

    async def left() -> bool:
        states = await pool.fetch("SELECT state FROM outbox WHERE email = $1", address)
        return sorted(row["state"] for row in states) == ["sent", "unmailed"]

    assert await eventually(left)
    mailbox.accept(address)
    assert len(await mailbox.messages_to_async(address)) == 1

    async def shown() -> bool:
        found = (await service.client.get("/messages", headers=headers)).json()["messages"]
        states = [(each["kind"], each["state"]) for each in found]
        unmailed = [("signed_off", "unmailed"), ("signed_off", "sent"), ("submitted", "unmailed")]
        return states == unmailed

    assert await eventually(shown)
    said = [each.data for each in await service.said(NotificationLeftUnmailed)]
    assert [each.kind for each in said] == ["submitted", "signed_off"]  # type: ignore[attr-defined]


async def _switch_off_submissions(service: ServiceUnderTest, headers: dict[str, str]) -> None:
    """Choose; again with the same key, on old news, and what cannot be chosen change nothing."""
    seen = await service.client.get("/preferences", headers=headers)
    assert (seen.json()["version"], seen.headers["ETag"]) == (0, '"0"')
    assert all(each["mailed"] for each in seen.json()["choosable"])

    async def choose(*kinds: str, **more: str) -> tuple[int, Any]:
        sent = {"without_mail": list(kinds)}
        answer = await service.client.put("/preferences", json=sent, headers=headers | more)
        return answer.status_code, answer.json()

    assert (await choose("submitted"))[0] == 428
    at_first = {"If-Match": '"0"', "Idempotency-Key": "k1"}
    for _ in range(2):
        assert await choose("submitted", **at_first) == (200, {"version": 1})
    status, stale = await choose(**{"If-Match": '"0"'})
    assert (status, stale["type"]) == (412, "urn:epep:problem:stale-version")
    status, refused = await choose("login_code", **{"If-Match": '"1"'})
    assert (status, refused["errors"][0]["field"]) == (422, "without_mail.0")
    shown = (await service.client.get("/preferences", headers=headers)).json()
    off = [each["kind"] for each in shown["choosable"] if not each["mailed"]]
    assert (shown["version"], off) == (1, ["submitted"])


async def test_of_two_mails_that_wait_for_two_accounts_that_become_one_one_goes_out(
    service: ServiceUnderTest, mailbox: Mailbox
) -> None:
    family, pool = Family(service, "814"), service.process.pool
    await family.settle_in()
    kept, address = await family.person("Vera School", "virtual_school")
    closed = [await family.person("Vera School", "virtual_school") for _ in range(2)]
    for refused in (address, *(each for _, each in closed)):
        mailbox.refuse(refused, 451)
    ids = {"pep_id": family.pep_id, "child_id": family.child_id}
    say = partial(service.others.say, "pep", f"pep-{family.pep_id}", authority=family.authority)
    await say(PEPSubmitted(**ids, profile_version=1))
    states = "SELECT account_id, state, tries FROM outbox WHERE account_id = ANY($1)"
    everybody = [kept, *(account_id for account_id, _ in closed)]

    async def put_off() -> bool:
        rows = await pool.fetch(states, everybody)
        return len(rows) == 3 and all(row["tries"] for row in rows)

    await eventually(put_off)
    for account_id, _ in closed:
        await family.merge(account_id, kept)

    async def given_up() -> bool:
        rows = await pool.fetch(f"{states} AND kind = 'submitted'", everybody)
        return [row["account_id"] for row in rows if row["state"] != "unmailed"] == [kept]

    assert await eventually(given_up)
    mailbox.accept(address)
    await mailbox.wait_for_async(address, lambda m: "quality assurance" in m["Subject"])
    headers = service.as_person(kept, (family.authority, "virtual_school"))

    async def shown() -> bool:
        found = (await service.client.get("/messages", headers=headers)).json()["messages"]
        known = sorted(each["state"] for each in found if each["kind"] == "submitted")
        return known == ["sent", "unmailed", "unmailed"]

    assert await eventually(shown)
    mails = [str(each["Subject"]) for each in await mailbox.messages_to_async(address)]
    assert len([each for each in mails if "quality assurance" in each]) == 1
