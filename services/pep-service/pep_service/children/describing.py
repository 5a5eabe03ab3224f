"""How a child's facts are called and shown: labels of fields, labels of codes, dates in words."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from pydantic import JsonValue

from epep_events.pep import Placement
from epep_runtime.language import ngettext, written_date
from pep_service.children.codes import code_lists

FIELD_LABELS: Mapping[str, str] = {
    "first_name": "First name",
    "last_name": "Last name",
    "preferred_name": "Preferred name",
    "date_of_birth": "Date of birth",
    "sex": "Sex",
    "ethnicity": "Ethnicity",
    "upn": "UPN",
    "mother": "Is a mother",
    "mothers_child_born": "Mother's child born on",
    "started_on": "Start",
    "ended_on": "End",
    "reason": "Reason for the episode",
    "legal_status": "Legal status",
    "category_of_need": "Category of need",
    "end_reason": "Reason why it ended",
    "placement_change_reason": "Reason for the change of placement",
}
CODED: Mapping[str, str] = {
    "sex": "sex",
    "ethnicity": "ethnic",
    "reason": "rne",
    "legal_status": "ls",
    "category_of_need": "cin",
    "end_reason": "rec",
    "placement_change_reason": "reason_place_change",
}


def day(value: date | None) -> str:
    """Return a date as an event keeps it in words, in English: 3 March 2026; nothing for None."""
    return "" if value is None else f"{value.day} {value:%B %Y}"


def shown_day(value: date | None) -> str:
    """Return a date as people write it in the reader's language; nothing for None."""
    return "" if value is None else written_date(value, "d MMMM y")


def shown(field: str, value: JsonValue) -> str:
    """Return the value of a `FieldChange` of `CoreDataChanged` in words.

    `field` may be that of an episode (`episodes.2025-03-01.legal_status`).
    """
    name = field.rpartition(".")[2]
    if value is None:
        return ""
    if isinstance(value, bool):
        return "Yes" if value else "No"
    if name in CODED:
        return code_lists().label(CODED[name], str(value))
    if name in {"date_of_birth", "mothers_child_born", "started_on", "ended_on"}:
        return day(date.fromisoformat(str(value)))
    return str(value)


def placement_text(placement: Placement) -> str:
    """Return a placement in words, without any address: `Fostering (private provider)`."""
    lists = code_lists()
    place = lists.label("place", placement.place)
    provider = lists.label("place_provider", placement.provider)
    return f"{place} ({provider[0].lower()}{provider[1:]})" if provider else place


def episode_text(legal_status: str, placement: Placement) -> str:
    """Return an episode in words: its legal status and placement."""
    return f"{code_lists().label('ls', legal_status)}; {placement_text(placement)}"


def years_and_months(start: date, end: date) -> str:
    """Return the time between two days in words: `2 years 3 months`, `12 days`."""
    months = (end.year - start.year) * 12 + end.month - start.month - (end.day < start.day)
    if months < 1:
        return ngettext("%(num)s day", "%(num)s days", (end - start).days)
    years, rest = divmod(months, 12)
    parts = [ngettext("%(num)s year", "%(num)s years", years)] if years else []
    parts += [ngettext("%(num)s month", "%(num)s months", rest)] if rest else []
    return " ".join(parts)


def json_value(value: Any) -> JsonValue:
    """Return a fact as an event's JSON holds it: dates as ISO text."""
    return value.isoformat() if isinstance(value, date) else value
