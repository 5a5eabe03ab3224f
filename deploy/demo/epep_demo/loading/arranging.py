"""Creating a PEP with its meeting, answering the invitations, moving the meeting."""

from datetime import timedelta
from typing import Any

from epep_demo.choosing import number
from epep_demo.days import is_working_day, meeting_time, term_name, working_day
from epep_demo.loading.session import Session
from epep_demo.loading.stage import Production
from epep_demo.writing import text_for
from epep_events.profile import AuthorityProfile


async def initiate(production: Production) -> None:
    """Create the PEP unless the child has one, as whoever may in this authority."""
    creator = production.one_of(production.profile.permissions.create_pep)
    path = f"/children/{production.child_id}"
    child = await creator.get("pep", path)
    known = [*child["peps"]["completed"], *child["peps"]["current"]]
    if known:
        production.pep_id = min(known, key=lambda card: card["initiated_on"] or "")["pep_id"]
        return
    body = _create(production, child["people"], creator)
    made = await creator.change(
        "POST", "pep", f"{path}/peps", body, key=f"demo-{production.scene.child.care_id}"
    )
    production.pep_id = made["pep_id"]


def _create(
    production: Production, people: list[dict[str, Any]], creator: Session
) -> dict[str, Any]:
    scene, kind = production.scene, production.scene.kind
    if scene.child.setting is None:
        kinds = [choice.value for choice in production.profile.kinds]
        kind = next((k for k in kinds if k in {"between_settings", "not_in_education"}), kind)
    meeting = {
        "date": scene.day.isoformat(),
        "time": f"{scene.at:%H:%M}",
        "duration_minutes": 60,
        "place": f"{production.portrait.slots['school']}, {production.portrait.slots['place']}",
        "reason": _reason(production.profile, kind, production),
        "contact_name": creator.person.name,
        "contact_phone": f"01632 9605{number(10, 99, *production.key, 'phone')}",
    }
    if scene.held:
        meeting["already_held"] = True
    return {"kind": kind, "meeting": meeting, "invitees": _invitees(production, people, creator)}


def _reason(profile: AuthorityProfile, kind: str, production: Production) -> str:
    """Return the meeting's reason: the kind's own, or a review in this term."""
    known = [reason.value for reason in profile.meeting_reasons]
    wanted = {
        "initial": ("initial",),
        "change_of_setting": ("new_setting",),
        "between_settings": ("between_settings",),
        "not_in_education": ("concern",),
    }.get(kind, ("termly_review", term_name(production.scene.day)))
    return next((reason for reason in wanted if reason in known), known[-1])


def _invitees(
    production: Production, people: list[dict[str, Any]], creator: Session
) -> list[dict[str, str]]:
    """Invite everybody who works with the child, and the carer by plain e-mail (S77)."""
    everybody = {person["account_id"] for person in people}
    everybody -= {creator.account_id}
    invitees = [{"account_id": account} for account in sorted(everybody)]
    if production.carer is None:
        carer = production.portrait.slots["carer"]
        address = f"{carer.lower().replace(' and ', '.').replace(' ', '.')}@home.example"
        invitees.append({"email": address, "name": carer})
    return invitees


async def answer_invitations(production: Production) -> None:
    """Let some of those who have accounts answer: most accept, one in five can't."""
    meeting = await meeting_of(production)
    accounts = {session.account_id: session for session in production.sessions.values()}
    for place, invitation in enumerate(meeting["invitations"]):
        session = accounts.get(invitation["account_id"])
        luck = number(0, 9, *production.key, "answer", place)
        if session is None or luck == 9 or invitation["answer"]:
            continue
        answer = _answer(production, luck, place)
        path = f"/invitations/{invitation['invitation_id']}/response"
        await session.change("POST", "meeting", path, answer, patient=True)


def _answer(production: Production, luck: int, place: int) -> dict[str, Any]:
    if production.scene.held or luck < 7:
        said = text_for("meeting.accept", production.portrait, place) or None
        return {"answer": "accepted", "comment": said}
    if luck == 7:
        said = text_for("meeting.decline", production.portrait, place)
        return {"answer": "declined", "comment": said}
    day = working_day(production.scene.day, number(1, 3, *production.key, place))
    proposed = {"date": day.isoformat(), "time": f"{meeting_time(*production.key, place):%H:%M}"}
    said = text_for("meeting.propose", production.portrait, place)
    return {"answer": "proposed", "proposed": proposed, "comment": said}


async def move_meeting(production: Production) -> None:
    """Move the meeting to a day in the following week."""
    meeting = await meeting_of(production)
    day = production.scene.day + timedelta(days=7)
    body = {
        "date": (day if is_working_day(day) else working_day(day, 1)).isoformat(),
        "time": f"{meeting_time(*production.key, 'moved'):%H:%M}",
        "duration_minutes": meeting["duration_minutes"],
        "place": meeting["place"],
        "why": text_for("meeting.moved", production.portrait),
    }
    path = f"/peps/{production.pep_id}/meeting"
    mover = production.teacher or production.social_worker
    await mover.change("POST", "meeting", f"{path}/reschedule", body, seen_at=path)


async def meeting_of(production: Production) -> dict[str, Any]:
    """Return the meeting, once meeting-service has scheduled it."""
    path = f"/peps/{production.pep_id}/meeting"
    return await production.social_worker.arrived("meeting", path)
