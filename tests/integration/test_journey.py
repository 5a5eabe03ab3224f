"""The main job, whole, in both authorities' ways: from the file to a signed-off PEP and its log."""

from __future__ import annotations

import re
from typing import Any

import httpx
import pytest
from authority import Authority, next_weekday, today_that_lasts
from icalendar import Calendar
from journeys import (
    aunt_of,
    await_meeting,
    await_state,
    change_pep,
    complete_sections,
    create_pep,
    draft_target,
    fill_pages,
    hold_meeting,
    publish_review,
)
from people import Person, body_of, eventually

from epep_local.mailbox import Mailbox

pytestmark = pytest.mark.system
LINK = re.compile(r"/invitations/answer/(\S+)")


def everybody(authority: Authority) -> list[Person]:
    return [authority.social_worker, authority.designated_teacher]


def calendar_of(mailbox: Mailbox, address: str, newest: int) -> tuple[str, int, str]:
    """Return UID, SEQUENCE and METHOD of the newest calendar file mailed to that address."""
    mails = eventually(lambda: len(found := mailbox.messages_to(address)) >= newest and found)
    parts = [part for part in mails[-1].walk() if part.get_content_type() == "text/calendar"]
    text = parts[0].get_payload(decode=True)
    calendar = Calendar.from_ical(text)
    [event] = calendar.walk("VEVENT")
    return str(event["UID"]), int(str(event["SEQUENCE"])), str(calendar["METHOD"])


def test_birminghams_way(birmingham: Authority, mailbox: Mailbox) -> None:
    """The virtual school creates, the designated teacher signs off, quality is judged after."""
    head, teacher = birmingham.virtual_school, birmingham.designated_teacher
    worker, coordinator = birmingham.social_worker, birmingham.coordinator
    refused = worker.ask("pep", "POST", f"/children/{birmingham.child_id}/peps", json={})
    assert refused.status_code in {403, 422}
    pep_id = create_pep(birmingham, head)

    # People with and without an account are invited; answers come by portal and by link.
    uid, sequence, method = calendar_of(mailbox, aunt_of(birmingham), 1)
    assert (sequence, method) == (0, "REQUEST")
    [token] = LINK.findall(body_of(mailbox.messages_to(aunt_of(birmingham))[0]))
    answered = httpx.post(
        worker.system.url("meeting") + "/invitation-links/response",
        json={
            "token": token,
            "answer": "accepted",
            "proposed": None,
            "comment": "I will be there.",
        },
        timeout=20,
    )
    assert answered.status_code == 200, answered.text
    [invitation] = eventually(lambda: invitations_to(teacher, pep_id))
    teacher.change(
        "meeting",
        "POST",
        f"/invitations/{invitation['invitation_id']}/response",
        {"answer": "accepted", "proposed": None, "comment": None},
    )

    # Everybody writes their part; the meeting is held; the teacher signs off.
    fill_pages(pep_id, everybody(birmingham))
    target = draft_target(pep_id, teacher)
    hold_meeting(pep_id, teacher)
    await_meeting(teacher, pep_id)
    version = teacher.get("pep", f"/peps/{pep_id}/targets")["version"]
    path = f"/peps/{pep_id}/targets/{target}/submission"
    teacher.change("pep", "POST", path, {}, version)
    complete_sections(pep_id, everybody(birmingham))
    await_state(teacher, pep_id, "sections_complete")
    assert not coordinator.get("pep", f"/peps/{pep_id}/sign-off")["final"]["may_sign"]
    version = coordinator.get("pep", f"/peps/{pep_id}")["version"]
    coordinator.change("pep", "POST", f"/peps/{pep_id}/sign-off", {}, version, status=403)
    change_pep(teacher, pep_id, "POST", "sign-off", {})
    signed = await_state(teacher, pep_id, "signed_off")
    the_next_one_is_there_once(birmingham, teacher, signed["next_pep_id"])

    # Quality is judged afterwards, and does not change the sign-off.
    publish_review(pep_id, head, "green", "feedback")
    eventually(lambda: teacher.get("pep", f"/peps/{pep_id}")["qa"])
    assert teacher.get("pep", f"/peps/{pep_id}")["state"] == "signed_off"
    the_log_tells_it_all(
        birmingham,
        head,
        "Invitation",
        "answer",
        "Target",
        "meeting",
        "complete",
        "signed off",
    )
    assert uid


def invitations_to(person: Person, pep_id: str) -> list[dict[str, Any]]:
    mine = person.get("meeting", "/invitations")["invitations"]
    return [each for each in mine if each["pep_id"] == pep_id]


def test_northvales_way(northvale: Authority, mailbox: Mailbox) -> None:
    """The social worker creates, quality gates, the virtual school signs off."""
    worker, teacher, head = (
        northvale.social_worker,
        northvale.designated_teacher,
        northvale.virtual_school,
    )
    first_day = next_weekday(3)
    pep_id = create_pep(northvale, worker, first_day)
    document = worker.get("pep", f"/peps/{pep_id}")
    due = document["completion_due"]
    assert due > first_day.isoformat()

    # Rescheduling tells everybody again, and moves the completion date.
    uid, _, _ = calendar_of(mailbox, aunt_of(northvale), 1)
    meeting = worker.get("meeting", f"/peps/{pep_id}/meeting")
    moved = {
        "date": today_that_lasts().isoformat(),
        "time": "23:59",
        "duration_minutes": 60,
        "place": "Online",
        "why": "The school asked for it.",
    }
    path = f"/peps/{pep_id}/meeting/reschedule"
    worker.change("meeting", "POST", path, moved, meeting["version"])
    assert calendar_of(mailbox, aunt_of(northvale), 2) == (uid, 1, "REQUEST")
    eventually(lambda: worker.get("pep", f"/peps/{pep_id}")["completion_due"] < due)

    # Nothing can be submitted while something is missing, and each gap has its place.
    version = teacher.get("pep", f"/peps/{pep_id}")["version"]
    path = f"/peps/{pep_id}/sections/designated_teacher/completion"
    refusal = teacher.change("pep", "POST", path, {}, version, status=409)
    assert any(each["code"] == "mandatory" for each in refusal["errors"])

    fill_pages(pep_id, everybody(northvale))
    draft_target(pep_id, teacher)
    hold_meeting(pep_id, teacher)
    await_meeting(teacher, pep_id)
    complete_sections(pep_id, everybody(northvale))
    change_pep(teacher, pep_id, "POST", "submission", {})
    publish_review(pep_id, head, "inadequate", "returned")
    await_state(teacher, pep_id, "returned")
    complete_sections(pep_id, everybody(northvale))
    change_pep(teacher, pep_id, "POST", "submission", {})
    await_round(head, pep_id, 2)
    publish_review(pep_id, head, "good", "signed_off")
    signed = await_state(teacher, pep_id, "signed_off")
    assert signed["qa"]["rating_label"] == "Good"
    the_next_one_is_there_once(northvale, teacher, signed["next_pep_id"])
    the_log_tells_it_all(
        northvale, head, "Invitation", "resched", "Target", "submitted", "return", "signed off"
    )


def await_round(head: Person, pep_id: str, number: int) -> None:
    eventually(lambda: head.get("qa", f"/peps/{pep_id}/review")["round"] == number)


def the_next_one_is_there_once(authority: Authority, person: Person, next_id: str) -> None:
    """Next term's PEP exists once, for the agreed date, and can be written at once."""

    def the_only_one() -> Any:
        # Each PEP's card comes by itself: the old one may still be current for a moment.
        current = person.get("pep", f"/children/{authority.child_id}")["peps"]["current"]
        assert [each["pep_id"] for each in current] == [next_id]
        return current[0]["meeting_at"]

    assert eventually(the_only_one).startswith(next_weekday(100).isoformat())


def the_log_tells_it_all(authority: Authority, person: Person, *wanted: str) -> None:
    """Every kind of change is in the log, from every service, with who did it."""

    def look() -> bool:
        rows, page = [], 1
        while True:
            path = f"/children/{authority.child_id}/change-log?page={page}"
            found = person.get("pep", path)
            rows += found["rows"]
            if page * found["page_size"] >= found["total"]:
                break
            page += 1
        said = " ".join(row["what"] for row in rows).lower()
        missing = [word for word in wanted if word.lower() not in said]
        assert not missing, (missing, sorted({row["what"] for row in rows}))
        assert all(row["who"] for row in rows)
        return True

    eventually(look)
