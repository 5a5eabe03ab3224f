"""What people write on a child's pages: the answer to each question of an authority's form."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from epep_demo.banks import bank
from epep_demo.choosing import number, pick, some
from epep_demo.portraits import Portrait, carer_account, phase_of, started_here
from epep_events.profile import FormField, Page

RANGES = {
    **{"sdq_score": (6, 24), "late_marks": (0, 9), "s_rating": (4, 9), "y_rating": (5, 9)},
    **{"attendance_percent": (880, 990), "pp_amount": (12000, 55000)},
    **{"authorised_absence": (5, 30), "unauthorised_absence": (0, 20)},
}
"""Lowest and highest number by field key; decimals are counted in their last place."""

DATES = {
    **{"next_review": (20, 120), "send_review": (30, 150), "course_ends": (180, 400)},
    **{"pathway_plan_date": (-200, -20), "health_assessment_date": (-300, -30)},
    **{"sdq_date": (-250, -20), "views_date": (-9, -1)},
    **{"two_year_check": (-500, -300), "vs_date": (-20, -2)},
}
"""First and last day, counted from today."""

OFTEN_YES = {"address_shared": 85, "immunisations": 90, "s_home_study": 80}
SOMETIMES_YES = {"planned_changes": 15, "part_time": 6, "suspensions": 12, "key_stage_4_move": 0}


def page_applies(page: Page, portrait: Portrait) -> bool:
    """Say whether people would fill in this page for this child at all."""
    phase = phase_of(portrait.child.year)
    if page.key == "views_primary":
        return portrait.child.year <= 6
    if page.key == "views_secondary":
        return phase == "secondary"
    if page.key == "views_optional":
        return send_status(portrait) == "ehcp"
    if page.key == "vs_placement":
        return portrait.child.setting is None
    if page.key == "vs_interventions":
        return portrait.child.number % 4 == 0
    return page.kind == "form"


def page_values(
    page: Page, fields: Sequence[FormField], portrait: Portrait, today: date, *, first_pep: bool
) -> dict[str, Any]:
    """Answer the questions of one page, leaving out what does not concern this child.

    `fields` are those of the child's variant. Raises LookupError when a mandatory question has
    no text in the bank.
    """
    values = {}
    for field in fields:
        answer = _answer(field, portrait, today, first_pep=first_pep)
        if answer is not None:
            values[field.key] = answer
        elif field.mandatory:
            raise LookupError(f"the bank has no answer for {page.key}.{field.key}")
    return values


def send_status(portrait: Portrait) -> str:
    """Return none, support or ehcp: everybody at a special school has a plan."""
    child = portrait.child
    if child.setting and child.setting.phase == "special":
        return "ehcp"
    return pick(("none", "none", "support", "support", "ehcp"), child.authority, child.number)


def text_for(key: str, portrait: Portrait, *more: object) -> str | None:
    """Return one of the bank's texts for a key such as `strengths` or `meeting.discussion`."""
    options: Any = bank("texts")
    for part in key.split("."):
        options = options.get(part)
        if options is None:
            return None
    child = portrait.child
    if isinstance(options, dict):
        options = options[phase_of(child.year)]
    return portrait.fill(pick(options, child.authority, child.number, key, *more))


def _answer(field: FormField, portrait: Portrait, today: date, *, first_pep: bool) -> Any:
    if not _concerns(field.key, portrait):
        return None
    child = portrait.child
    key = (child.authority, child.number, field.key)
    match field.type:
        case "line" | "text":
            return _words(field, portrait, first_pep=first_pep)
        case "date":
            return _date(field, portrait, today)
        case "integer":
            return _drawn(field.key, portrait)
        case "decimal":
            return f"{_drawn(field.key, portrait) / 10**field.decimals:.{field.decimals}f}"
        case "yes_no":
            return "yes" if number(1, 100, *key) <= OFTEN_YES.get(field.key, 50) else "no"
        case "yes_no_detail":
            return _yes_or_no(field, portrait)
        case "choice":
            return _choice(field, portrait)
        case "choices":
            return _choices(field, portrait)


def _concerns(key: str, portrait: Portrait) -> bool:
    """Say whether a question is one that this child's people would answer."""
    child = portrait.child
    if key.startswith("send_") and key != "send_status":
        return send_status(portrait) != "none"
    if key == "sdq_none":
        return False
    if key == "sdq_advice":
        return _drawn("sdq_score", portrait) >= 14
    if key == "careers":
        return child.year >= 8
    if key == "neet_plan":
        return False
    return not (
        key == "carer_email" and number(0, 2, child.number, key) and not (carer_account(child))
    )


def _drawn(key: str, portrait: Portrait) -> int:
    """Return the child's number for a question, in units of its last decimal place."""
    child = portrait.child
    if key == "hours_offered":
        return 5 * (number(30, 60, child.number, key) if child.year < 0 else 50 + child.year // 2)
    return number(*RANGES.get(key, (0, 5)), child.authority, child.number, key)


def _words(field: FormField, portrait: Portrait, *, first_pep: bool) -> str | None:
    child = portrait.child
    if field.key == "previous_targets":
        rest = bank("texts")["previous_targets"]
        return portrait.fill(
            rest[0] if first_pep else pick(rest[1:], child.number, child.authority)
        )
    if field.key == "carer_email":
        first = portrait.slots["carer"].lower().replace(" and ", ".").replace(" ", ".")
        return carer_account(child) or f"{first}@home.example"
    if field.key == "parental_responsibility":
        last = child.episodes[-1]
        how = "_alone" if last.need == "N8" else "_agreed" if last.law == "V2" else ""
        return text_for(f"parental_responsibility{how}", portrait)
    if field.key == "attendance_comment" and _drawn("attendance_percent", portrait) < 930:
        return text_for("attendance_comment_low", portrait)
    if field.key == "carer_phone":
        return f"07700 900{number(0, 999, child.authority, child.number):03d}"
    return text_for(field.key, portrait)


def _date(field: FormField, portrait: Portrait, today: date) -> str:
    child = portrait.child
    first, last = DATES.get(field.key, (-60, -1) if field.past else (10, 90))
    day = today + timedelta(days=number(first, last, child.authority, child.number, field.key))
    if field.key == "setting_start":
        day = started_here(child, today)
    return day.isoformat()


def _yes_or_no(field: FormField, portrait: Portrait) -> dict[str, str | None]:
    child = portrait.child
    chance = {**OFTEN_YES, **SOMETIMES_YES}.get(field.key, 50)
    if field.key == "transition":
        chance = 100 if child.year in {0, 6, 11, 13} else 0
    if field.key == "vs_place_needed":
        chance = 0 if child.setting else 100
    yes = number(1, 100, child.authority, child.number, field.key) <= chance
    answer = "yes" if yes else "no"
    detail = text_for(f"detail.{field.key}", portrait) if answer == field.detail_when else None
    return {"answer": answer, "detail": detail}


def _choice(field: FormField, portrait: Portrait) -> str:
    child = portrait.child
    known = [choice.value for choice in field.choices]
    fixed = {
        "send_status": send_status(portrait),
        "setting_status": "on_roll" if child.setting else "awaiting",
        "course_level": pick(("1", "2", "2", "3"), child.number),
        "care_plan": "not_decided" if child.number % 6 == 0 else None,
        "wants_meeting": "too_young" if child.year <= 0 else None,
    }.get(field.key)
    if fixed in known:
        return str(fixed)
    skip = {"too_young", "ill", "between", "declined", "neet"}
    skip |= {"adoption"} if child.year > 0 else {"independence", "residential"}
    usual = [value for value in known if value not in skip] or known
    return pick(usual, child.authority, child.number, field.key)


def _choices(field: FormField, portrait: Portrait) -> list[str]:
    child = portrait.child
    known = [c.value for c in field.choices if c.value not in {"chose_not", "nothing"}]
    if field.key == "views_method" and child.year <= 0:
        return ["drawing", "watching"]
    most = {"delegated_authority": 6, "views_method": 2, "send_needs": 2}.get(field.key, 3)
    least = max(1, most - 2)
    count = number(least, most, child.authority, child.number, field.key, "count")
    return some(known, count, child.authority, child.number, field.key)
