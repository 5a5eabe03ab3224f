"""Filling in a PEP's pages and targets, and the meeting's record."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from epep_demo.choosing import number, pick
from epep_demo.days import meeting_time, next_term_day
from epep_demo.loading.arranging import meeting_of
from epep_demo.loading.session import Session
from epep_demo.loading.stage import Production
from epep_demo.writing import page_applies, page_values, text_for
from epep_events.profile import FormField, Page

AREAS = {
    **{"maths": "mathematics", "academic": "other_subject", "semh": "wellbeing"},
    **{"speech": "speech_language"},
}
"""The service's value for an area of work, where the bank calls it something else."""


async def fill_pages(production: Production, share: int = 100) -> None:
    """Write the pages that concern this child: about `share` percent of them."""
    document = await production.social_worker.arrived("pep", f"/peps/{production.pep_id}")
    version: int = document["version"]
    for page, fields in production.pages(document):
        if not page_applies(page, production.portrait):
            continue
        if number(1, 100, *production.key, page.key, "written") <= share:
            version = await _fill(production, page, fields, version)


async def _fill(
    production: Production, page: Page, fields: Sequence[FormField], version: int
) -> int:
    """Save one page that was opened at a version of the PEP, and return the new version."""
    first = production.scene.kind != "review"
    values = page_values(page, fields, production.portrait, production.today, first_pep=first)
    path = f"/peps/{production.pep_id}/pages/{page.key}"
    writer = _writer(production, page)
    told = {"values": values}
    saved = await writer.change("PUT", "pep", path, told, seen_at=path, version=version)
    return int(saved["version"])


def _writer(production: Production, page: Page) -> Session:
    """Return who writes: the coordinator the attendance, a carer with an account their own page."""
    if page.key == "attendance" and production.coordinator:
        return production.coordinator
    if "carer" in page.write and page.write[0] == "carer" and production.carer:
        return production.carer
    return production.one_of(tuple(role for role in page.write if role != "carer"))


async def draft_targets(production: Production, *, submit: bool) -> None:
    """Draft a target for each thread of the term's work; at the meeting they are agreed."""
    if production.teacher is None:
        return
    path = f"/peps/{production.pep_id}/targets"
    page = await production.teacher.arrived("pep", path)
    version: int = page["version"]
    known = {target["statement"]: target for target in page["targets"]}
    for theme in production.portrait.themes:
        target = known.get(theme["target"])
        if target is None:
            body = _target(production, theme)
            target = await production.teacher.change("POST", "pep", path, body)
            version = target["version"]
        if submit and target.get("state", "draft") == "draft":
            agreed = f"{path}/{target['target_id']}/submission"
            done = await production.teacher.change(
                "POST", "pep", agreed, {}, seen_at=path, version=version
            )
            version = done["version"]


def _target(production: Production, theme: Mapping[str, str]) -> dict[str, Any]:
    due = production.today + timedelta(weeks=number(9, 12, *production.key, theme["key"]))
    slots = production.portrait.slots
    return {
        "area": AREAS.get(theme["area"], theme["area"]),
        "need": theme["need"],
        "statement": theme["target"],
        "baseline": theme["baseline"],
        "success_measure": theme["measure"],
        "support": theme["support"],
        "supported_by": f"{slots['adult']}, {slots['carer']}",
        "due_on": due.isoformat(),
    }


async def hold_meeting(production: Production, *, set_next: bool) -> None:
    """Record what was said, confirm that the meeting took place, and agree the next one."""
    meeting = await meeting_of(production)
    if meeting["confirmed"]:
        return
    path = f"/peps/{production.pep_id}/meeting"
    recorder = production.social_worker
    steps = [("PUT", "record", _record(production, meeting)), ("POST", "confirmation", {})]
    if set_next:
        steps.insert(0, ("PUT", "next", _next(production)))
    version: int = meeting["version"]
    for method, step, body in steps:
        done = await recorder.change(
            method, "meeting", f"{path}/{step}", body, seen_at=path, version=version
        )
        version = done["version"]


def _next(production: Production) -> dict[str, Any]:
    day = next_term_day(max(production.scene.day, production.today), *production.key)
    school = production.portrait.slots["school"]
    return {
        "date": day.isoformat(),
        "time": f"{meeting_time(*production.key, 'next'):%H:%M}",
        "duration_minutes": 60,
        "place": f"{school}, {production.portrait.slots['place']}",
        "invitations_sent_by": production.social_worker.person.name,
    }


def _record(production: Production, meeting: dict[str, Any]) -> dict[str, Any]:
    portrait, scene = production.portrait, production.scene
    attended = pick(("all", "all", "part", "part", "no"), *production.key, "attended")
    if scene.child.year <= 0:
        attended = "no"
    invited = [each["name"] for each in meeting["invitations"] if each["answer"] != "declined"]
    teacher = production.teacher or production.social_worker
    present = [production.social_worker.person.name, teacher.person.name, *invited]
    if attended != "no":
        present.append(f"{scene.child.known_as} {scene.child.last_name}")
    leader = production.social_worker if scene.kind == "initial" else teacher
    topics = [each["value"] for each in meeting["checklist"]]
    skipped = number(0, len(topics) - 1, *production.key, "skipped")
    return {
        "chair": leader.person.name,
        "recorder": production.social_worker.person.name,
        "present": list(dict.fromkeys(present)),
        "child_attended": attended,
        "child_absent_reason": None if attended == "all" else _absence(production),
        "views_shaped": "yes",
        "views_shaped_how": text_for("meeting.shaped", portrait),
        "checklist": [topic for i, topic in enumerate(topics) if i != skipped],
        "discussion": text_for("meeting.discussion", portrait),
    }


def _absence(production: Production) -> str | None:
    phase = "early" if production.scene.child.year <= 0 else "older"
    return text_for(f"meeting.absent_{phase}", production.portrait)
