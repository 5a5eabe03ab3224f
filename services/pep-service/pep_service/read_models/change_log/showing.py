"""From stored values to words: what a value of the change log looks like to a person. Pure."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

import orjson
from pydantic import JsonValue

from epep_events.pep import Placement
from epep_events.profile import AuthorityProfile, FormField
from epep_runtime.civil_time import local
from epep_runtime.language import N_, _, written_date
from pep_service.children.describing import placement_text
from pep_service.children.describing import shown as core_shown
from pep_service.peps.target_areas import area_label
from pep_service.read_models.change_log.row import VALUES, Change

HIDDEN = N_("(not shown to your role)")
SIMPLE = {
    "yes": N_("Yes"),
    "no": N_("No"),
    "all": N_("Yes, all of it"),
    "part": N_("Yes, part of it"),
}


@dataclass(frozen=True, slots=True)
class Words:
    """Everything that is looked up: the authority's form, people's and settings' names.

    `addresses` tells whether restricted values are shown.
    """

    profile: AuthorityProfile
    fields: Mapping[tuple[str, str], FormField]
    people: Mapping[UUID, str]
    settings: Mapping[str, str]
    addresses: bool


def fields_of(profile: AuthorityProfile) -> dict[tuple[str, str], FormField]:
    """Return every field of a profile's form by page and key."""
    return {
        (page.key, field.key): field
        for section in profile.sections
        for page in section.pages
        for field in page.fields
    }


def told(what: str) -> str:
    """Return the sentence of a row (`row.said`) in the language that is spoken.

    Rows from before their values were kept apart are whole English sentences, and stay so until the
    read model is rebuilt.
    """
    sentence, apart, values = what.partition(VALUES)
    if not apart:
        return _(sentence)
    given = orjson.loads(values).items()
    return _(sentence, **{key: _(v[0]) if isinstance(v, list) else v for key, v in given})


def label_of(change: Change) -> str:
    """Return the name of a field: ours in the language that is spoken, an authority’s as it is."""
    label = change["label"]
    return _(label) if label else label


def in_words(change: Change, value: JsonValue, words: Words) -> str | None:
    """Return one side of a change as text; None for nothing."""
    if value is None or value in ("", [], {}):
        return None
    if change["restricted"] and not words.addresses:
        return _(HIDDEN)
    special: Mapping[str, Callable[[], str]] = {
        "date": lambda: _day(date.fromisoformat(str(value))),
        "instant": lambda: _moment(datetime.fromisoformat(str(value))),
        "area": lambda: area_label(str(value)),
        "core": lambda: core_shown(change["field"], value),
        "placement": lambda: _placement(value),
        "person": lambda: _person(str(value), words),
        "setting": lambda: words.settings.get(str(value), f"URN {value}"),
        "record": lambda: _record(value, words),
        "answer": lambda: _answer(change, value, words),
    }
    shown = special.get(change["shown_as"])
    return shown() if shown else plain(value)


def plain(value: JsonValue) -> str:
    """Return a value of unknown kind as text."""
    if isinstance(value, bool):
        return _("Yes") if value else _("No")
    if isinstance(value, list):
        return ", ".join(plain(each) for each in value)
    if isinstance(value, dict):
        return ": ".join(plain(each) for each in value.values() if each not in (None, ""))
    return "" if value is None else str(value)


def _day(day: date) -> str:
    return written_date(day, "d MMMM y")


def _moment(moment: datetime) -> str:
    here = local(moment)
    return _("%(day)s at %(time)s", day=_day(here.date()), time=f"{here:%H:%M}")


def _simple() -> dict[str, str]:
    return {key: _(text) for key, text in SIMPLE.items()}


def _placement(value: JsonValue) -> str:
    if isinstance(value, list) and len(value) == 2:
        return placement_text(Placement(place=str(value[0]), provider=str(value[1])))
    return plain(value)


def _person(value: str, words: Words) -> str:
    return words.people.get(UUID(value), _("Somebody with an account"))


def _record(value: JsonValue, words: Words) -> str:
    """The meeting's record: yes and no, and the checklist in the authority's words."""
    labels = {choice.value: choice.label for choice in words.profile.meeting_checklist}
    known = {**_simple(), **labels}
    if isinstance(value, list):
        return ", ".join(known.get(str(each), plain(each)) for each in value)
    return known.get(str(value), plain(value))


def _answer(change: Change, value: JsonValue, words: Words) -> str:
    """An answer on a page, in the words of the form; a choice that is gone is shown as kept."""
    field = words.fields.get((change["page"] or "", change["field"]))
    if field is None:
        return plain(value)
    labels = {choice.value: choice.label for choice in field.choices}
    match field.type:
        case "choice":
            return labels.get(str(value), str(value))
        case "choices" if isinstance(value, list):
            return ", ".join(labels.get(str(each), str(each)) for each in value)
        case "date":
            return _day(date.fromisoformat(str(value)))
        case "yes_no":
            return _simple().get(str(value), str(value))
        case "yes_no_detail" if isinstance(value, dict):
            answer = _simple().get(str(value.get("answer")), "")
            detail = value.get("detail")
            return f"{answer}: {detail}" if detail else answer
        case _:
            return plain(value)
