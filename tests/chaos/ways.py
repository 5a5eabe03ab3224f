"""Whole lives of PEPs as the people of two authorities bring them about, through the real APIs."""

from __future__ import annotations

from authority import Authority, next_weekday, today_that_lasts
from journeys import (
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
from people import Person


def birminghams_way(child: Authority) -> str:
    """The virtual school creates, the designated teacher signs off, quality is judged after."""
    head, teacher = child.virtual_school, child.designated_teacher
    pep_id = create_pep(child, head)
    answer_invitation(child, teacher, pep_id)
    fill_pages(pep_id, [child.social_worker, teacher])
    target = draft_target(pep_id, teacher)
    hold_meeting(pep_id, teacher)
    await_meeting(teacher, pep_id)
    change_pep(teacher, pep_id, "POST", f"targets/{target}/submission", {})
    complete_sections(pep_id, [child.social_worker, teacher])
    await_state(teacher, pep_id, "sections_complete")
    change_pep(teacher, pep_id, "POST", "sign-off", {})
    await_state(teacher, pep_id, "signed_off")
    if head.get("qa", f"/peps/{pep_id}/review").get("state") != "open":
        head.change("qa", "POST", f"/peps/{pep_id}/review", {}, status=(201, 409))
    publish_review(pep_id, head, "green", "feedback")
    teacher.wait(lambda: teacher.get("pep", f"/peps/{pep_id}")["qa"])
    return pep_id


def northvales_way(child: Authority) -> str:
    """The social worker creates, the meeting moves, quality gates and returns it once."""
    head, teacher = child.virtual_school, child.designated_teacher
    worker = child.social_worker
    pep_id = create_pep(child, worker, next_weekday(3))
    reschedule(worker, pep_id)
    fill_pages(pep_id, [worker, teacher])
    draft_target(pep_id, teacher)
    hold_meeting(pep_id, teacher)
    await_meeting(teacher, pep_id)
    for rating, decision, state in (
        ("inadequate", "returned", "returned"),
        ("good", "signed_off", "signed_off"),
    ):
        complete_sections(pep_id, [worker, teacher])
        change_pep(teacher, pep_id, "POST", "submission", {})
        publish_review(pep_id, head, rating, decision)
        await_state(teacher, pep_id, state)
    return pep_id


WAYS = {"330": birminghams_way, "998": northvales_way}


def answer_invitation(child: Authority, person: Person, pep_id: str) -> None:
    """Accept an invitation to the PEP's meeting."""

    def mine() -> str | None:
        found = person.get("meeting", "/invitations")["invitations"]
        return next((each["invitation_id"] for each in found if each["pep_id"] == pep_id), None)

    person.change(
        "meeting",
        "POST",
        f"/invitations/{person.wait(mine)}/response",
        {"answer": "accepted", "proposed": None, "comment": None},
    )


def reschedule(person: Person, pep_id: str) -> None:
    """Move the meeting to this evening, so that it can be confirmed."""
    meeting = person.get("meeting", f"/peps/{pep_id}/meeting")
    moved = {
        "date": today_that_lasts().isoformat(),
        "time": "23:59",
        "duration_minutes": 60,
        "place": "Online",
        "why": "The school asked for it.",
    }
    path = f"/peps/{pep_id}/meeting/reschedule"
    person.change("meeting", "POST", path, moved, meeting["version"])
