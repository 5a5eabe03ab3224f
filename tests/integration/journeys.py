"""The steps of a PEP's life, each as the person whose step it is would take it."""

from __future__ import annotations

from datetime import date
from typing import Any

from authority import Authority, an_answer, next_weekday, today_that_lasts
from people import Person


def aunt_of(authority: Authority) -> str:
    """Return the address of somebody without an account."""
    return f"aunt.{authority.child_id[:8]}@family.example"


def create_pep(authority: Authority, creator: Person, day: date | None = None) -> str:
    """Create a PEP with a meeting, late today by default, so that it can be confirmed.

    A plain e-mail address is invited, too.
    """
    day = day or today_that_lasts()
    form = creator.get("pep", f"/children/{authority.child_id}/pep-form")
    made = creator.change(
        "pep",
        "POST",
        f"/children/{authority.child_id}/peps",
        {
            "kind": form["default_kind"],
            "meeting": {
                "date": day.isoformat(),
                "time": "23:59",
                "place": "Larkfield Academy",
                "reason": form["reasons"][0]["value"],
                "contact_name": "Sam Okoro",
                "contact_phone": "0121 496 0100",
            },
            "invitees": [
                {"account_id": authority.social_worker.account_id},
                {"account_id": authority.designated_teacher.account_id},
                {"email": aunt_of(authority), "name": "Aunt Noor"},
            ],
        },
    )
    return str(made["pep_id"])


def fill_pages(pep_id: str, people: list[Person]) -> None:
    """Answer every question of every form page, each by somebody who may."""
    for person in people:
        document = person.get("pep", f"/peps/{pep_id}")
        for section in document["sections"]:
            for page in section["pages"]:
                if page["kind"] == "form" and page["may"]["write"] and page["status"] != "done":
                    fill_page(pep_id, person, page["key"])


def fill_page(pep_id: str, person: Person, key: str, **instead: Any) -> Any:
    """Answer every question of one page and save it."""
    page = person.get("pep", f"/peps/{pep_id}/pages/{key}")
    values = {field["key"]: an_answer(field) for field in page["fields"]} | instead
    path = f"/peps/{pep_id}/pages/{key}"
    return person.change("pep", "PUT", path, {"values": values}, page["version"])


def draft_target(pep_id: str, person: Person) -> str:
    """Write one SMART target down."""
    targets = person.get("pep", f"/peps/{pep_id}/targets")
    made = person.change(
        "pep",
        "POST",
        f"/peps/{pep_id}/targets",
        {
            "area": targets["areas"][0]["value"],
            "need": "Reading age is two years behind.",
            "statement": "Read aloud to an adult three times a week.",
            "baseline": "Reads once a week.",
            "success_measure": "Reading age up by three months.",
            "support": "Reading mentor.",
            "supported_by": "Setting",
            "due_on": next_weekday(60).isoformat(),
        },
    )
    return str(made["target_id"])


def hold_meeting(pep_id: str, person: Person) -> None:
    """Record who was there, confirm that it took place, and agree the next date."""
    meeting = person.get("meeting", f"/peps/{pep_id}/meeting")
    record = {
        "chair": "Dina Teller",
        "recorder": "Sam Okoro",
        "present": ["Sam Okoro", "Dina Teller"],
        "child_attended": "part",
        "child_absent_reason": None,
        "views_shaped": "yes",
        "views_shaped_how": "Amy chose her reading target.",
        "checklist": [meeting["checklist"][0]["value"]],
        "discussion": "Amy is proud of her art. Reading is the next step.",
    }
    path = f"/peps/{pep_id}/meeting"
    saved = person.change("meeting", "PUT", f"{path}/record", record, meeting["version"])
    held = person.change("meeting", "POST", f"{path}/confirmation", {}, saved["version"])
    person.change(
        "meeting",
        "PUT",
        f"{path}/next",
        {
            "date": next_weekday(100).isoformat(),
            "time": "09:30",
            "duration_minutes": 60,
            "place": "Larkfield Academy",
            "invitations_sent_by": "Dina Teller",
        },
        held["version"],
    )


def complete_sections(pep_id: str, people: list[Person]) -> None:
    """Mark every section complete, each by somebody who may."""
    for person in people:
        for section in person.get("pep", f"/peps/{pep_id}/sign-off")["sections"]:
            if section["may"]["complete"] and not section["complete"]:
                change_pep(person, pep_id, "POST", f"sections/{section['key']}/completion", {})


def change_pep(person: Person, pep_id: str, method: str, rest: str, body: Any) -> Any:
    """Change a PEP at its newest version."""
    version = person.get("pep", f"/peps/{pep_id}")["version"]
    return person.change("pep", method, f"/peps/{pep_id}/{rest}", body, version)


def publish_review(pep_id: str, reviewer: Person, rating: str, decision: str) -> Any:
    """Score every area, rate, and publish a review, as soon as it is open.

    An authority that audits after the sign-off takes up each child's first PEP by itself.
    """
    path = f"/peps/{pep_id}/review"

    def is_open() -> Any:
        found = reviewer.get("qa", path)
        return found if found.get("state") == "open" else None

    review = reviewer.wait(is_open)
    body = {
        "areas": {
            area["key"]: {"level": rating, "comment": "Seen and discussed."}
            for area in review["areas"]
        },
        "rating": rating,
        "comment": "A plan that the child would recognise.",
    }
    where = f"/reviews/{review['review_id']}"
    saved = reviewer.change("qa", "PUT", where, body, review["version"])
    return reviewer.change(
        "qa", "POST", f"{where}/publication", {"decision": decision}, saved["version"]
    )


def await_meeting(person: Person, pep_id: str) -> None:
    """Wait until the PEP knows that its meeting was held and when the next one is.

    Each of the two is noted in the PEP by itself, a little after it was said, and makes a version
    of its own: a section that is marked complete, or a signature, must not cross with it.
    """
    await_state(person, pep_id, "meeting_confirmed")
    person.wait(lambda: person.get("pep", f"/peps/{pep_id}")["next_meeting_at"])


def await_state(person: Person, pep_id: str, state: str) -> Any:
    """Wait until the PEP is in that state and return its document."""

    def look() -> Any:
        found = person.get("pep", f"/peps/{pep_id}")
        assert found["state"] == state, found["state"]
        return found

    return person.wait(look)
