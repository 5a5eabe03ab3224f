"""Any part may die or go away in the middle of the work, and it still ends right."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from at_rest import wait_at_rest
from authority import Authority, next_weekday
from breaking_off import breaking_off
from browsing import Desk, Office, chromium_running
from journeys import (
    await_meeting,
    await_state,
    change_pep,
    complete_sections,
    create_pep,
    draft_target,
    fill_page,
    fill_pages,
    hold_meeting,
)
from people import Person, body_of, eventually
from steps_by_clicks import LINK
from watching import Watch

from epep_local.mailbox import Mailbox
from epep_local.system import System

pytestmark = pytest.mark.system


def crash(system: System, *names: str) -> None:
    """End services as `kill -9` does, and start them again."""
    for name in names:
        system.kill(name)
    for name in names:
        system.start(name)
    system.wait_ready(*names)


def mails_by_id(mailbox: Mailbox, *addresses: str) -> Counter[str]:
    """Return how often each Message-ID was delivered to these addresses."""
    return Counter(
        str(mail["Message-ID"]) for address in addresses for mail in mailbox.messages_to(address)
    )


def test_every_service_may_be_killed_in_mid_journey(
    system: System, mailbox: Mailbox, birmingham_again: Authority
) -> None:
    authority = birmingham_again
    head, teacher, worker = (
        authority.virtual_school,
        authority.designated_teacher,
        authority.social_worker,
    )
    pep_id = create_pep(authority, head)
    crash(system, "pep", "meeting", "notification")
    eventually(lambda: head.get("meeting", f"/peps/{pep_id}/meeting"))
    fill_pages(pep_id, [worker])
    crash(system, "pep", "identity")
    fill_pages(pep_id, [teacher])
    draft_target(pep_id, teacher)
    hold_meeting(pep_id, teacher)
    crash(system, "meeting", "pep")
    await_meeting(teacher, pep_id)
    complete_sections(pep_id, [worker, teacher])
    change_pep(teacher, pep_id, "POST", "sign-off", {})
    crash(system, "pep", "qa", "notification", "meeting")
    signed = await_state(teacher, pep_id, "signed_off")
    page = f"/children/{authority.child_id}"

    def the_next() -> bool:
        current = teacher.get("pep", page)["peps"]["current"]
        return [each["pep_id"] for each in current] == [signed["next_pep_id"]]

    eventually(the_next)
    system.wait_quiet()
    invited = [worker.email, teacher.email]
    counted = eventually(lambda: mails_by_id(mailbox, *invited))
    assert set(counted.values()) == {1}


def test_people_work_on_while_kafka_is_away(
    system: System, mailbox: Mailbox, birmingham_again: Authority
) -> None:
    authority = birmingham_again
    worker, head = authority.social_worker, authority.virtual_school
    pep_id = create_pep(authority, head, next_weekday(5))
    wait_at_rest(system)
    before = mails_by_id(mailbox, worker.email)
    with kafka_away(system):
        document = worker.get("pep", f"/peps/{pep_id}")
        pages = [
            page["key"]
            for section in document["sections"]
            for page in section["pages"]
            if page["kind"] == "form" and page["may"]["write"]
        ]
        for key in pages:
            saved = fill_page(pep_id, worker, key)
            assert saved["changed"] > 0
            shown = worker.get("pep", f"/peps/{pep_id}/pages/{key}")
            assert any(field["value"] for field in shown["fields"])
        meeting = worker.get("meeting", f"/peps/{pep_id}/meeting")
        moved = {
            "date": next_weekday(6).isoformat(),
            "time": "11:00",
            "duration_minutes": 60,
            "place": "Online",
            "why": None,
        }
        path = f"/peps/{pep_id}/meeting/reschedule"
        worker.change("meeting", "POST", path, moved, meeting["version"])

    def told_once() -> bool:
        new = mails_by_id(mailbox, worker.email) - before
        return list(new.values()) == [1]

    eventually(told_once, 60)
    eventually(lambda: _saves(worker, authority, pep_id) == len(pages), 60)


@contextmanager
def kafka_away(system: System) -> Iterator[None]:
    """Take Kafka away, and bring it back with all that it held."""
    system.backends.switches["kafka"].stop()
    try:
        yield
    finally:
        system.backends.switches["kafka"].start()


def _saves(person: Person, authority: Authority, pep_id: str) -> int:
    """Return how many different saves of pages the change log tells of, each told once."""
    path = f"/children/{authority.child_id}/change-log?pep_id={pep_id}"
    rows = [row for row in person.get("pep", path)["rows"] if row["what"].endswith(" saved")]
    assert len({row["event_id"] for row in rows}) == len(rows)
    return len(rows)


def test_mail_waits_for_its_server_and_a_refusal_is_shown(
    system: System, mailbox: Mailbox, birmingham_again: Authority
) -> None:
    authority = birmingham_again
    worker = authority.social_worker
    pep_id = create_pep(authority, authority.virtual_school, next_weekday(5))
    system.wait_quiet()
    nobody = f"nobody.{pep_id[:8]}@family.example"
    mailbox.refuse(nobody)
    late = f"late.{pep_id[:8]}@family.example"
    invite(worker, pep_id, nobody)
    assert eventually(lambda: delivery(worker, pep_id, nobody) == "failed")
    system.backends.switches["mailbox"].stop()
    try:
        invite(worker, pep_id, late)
        assert delivery(worker, pep_id, late) == "pending"
    finally:
        system.backends.switches["mailbox"].start()
    assert eventually(lambda: delivery(worker, pep_id, late) == "sent", 90)
    assert set(mails_by_id(mailbox, late).values()) == {1}


@pytest.mark.browser
def test_a_mail_that_nobody_knows_the_end_of_is_sent_again_by_the_organiser(
    system: System, mailbox: Mailbox, birmingham_again: Authority, watch: Watch
) -> None:
    head = birmingham_again.virtual_school
    pep_id = create_pep(birmingham_again, head, next_weekday(5))
    address = f"unsure.{pep_id[:8]}@family.example"
    wait_at_rest(system)
    with breaking_off(system, address) as server:
        invite(head, pep_id, address)
        assert eventually(lambda: delivery(head, pep_id, address) == "uncertain")
        assert server.handed_over == 1
    assert mailbox.messages_to(address) == []
    with (
        chromium_running() as browser,
        Office(browser, system.url("portal"), watch).desk(scripts=False) as desk,
    ):
        send_again(desk.log_in(head), pep_id)
        assert eventually(lambda: delivery(head, pep_id, address) == "sent")
        desk.open(f"/peps/{pep_id}/meeting")
        desk.cannot(re.compile("^Send again"))
    wait_at_rest(system)
    (mail,) = mailbox.messages_to(address)
    assert LINK.search(body_of(mail))


def send_again(desk: Desk, pep_id: str) -> None:
    desk.open(f"/peps/{pep_id}/meeting")
    desk.see("We do not know whether this mail arrived")
    desk.follow("Send again to Family Friend")
    desk.see(re.compile("The connection to the mail server broke before it answered"))
    desk.press("Send the invitation again")
    desk.see("Invitation on its way again")


def invite(person: Person, pep_id: str, address: str) -> None:
    meeting = person.get("meeting", f"/peps/{pep_id}/meeting")
    invitee = {"invitee": {"email": address, "name": "Family Friend"}}
    path = f"/peps/{pep_id}/meeting/invitations"
    person.change("meeting", "POST", path, invitee, meeting["version"])


def delivery(person: Person, pep_id: str, address: str) -> str:
    meeting = person.get("meeting", f"/peps/{pep_id}/meeting")
    return str(next(i["delivery"] for i in meeting["invitations"] if i["email"] == address))
