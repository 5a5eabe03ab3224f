"""From a form to values for a service, and back to the form with nothing lost.

Only what is needed to write a value is checked here (a date that is a date); what a value may be
is the service's to say.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from starlette.datastructures import FormData

from web_portal.problems import FieldProblem
from web_portal.web.language import _
from web_portal.web.questions import Question

TIME = re.compile(r"(\d{1,2})(?:[:.](\d{2}))?\s*(am|pm)?", re.IGNORECASE)
WORDS_FOR_TIME = {"midday": "12:00", "noon": "12:00", "midnight": "00:00"}
DATE_PARTS = ("day", "month", "year")


class UnreadableError(ValueError):
    """What was typed cannot be read as the kind of value that the question asks for."""


@dataclass
class Answers:
    """What was typed (for the form), what it means (for the service), what is wrong (by key).

    `typed` holds text, a list of values, or a dict of parts; `general` are errors of no field;
    `labels` are the questions' words, which a service's message is put after.
    """

    typed: dict[str, Any] = field(default_factory=dict)
    values: dict[str, Any] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)
    general: list[str] = field(default_factory=list)
    labels: dict[str, str] = field(default_factory=dict)

    @property
    def wrong(self) -> bool:
        """Tell whether anything has to be corrected."""
        return bool(self.errors or self.general)

    def place(self, problems: Iterable[FieldProblem], detail: str = "") -> None:
        """Put a service's errors at the questions that they are about, or above all."""
        for each in problems:
            parts = each.field.split(".")
            key = next((part for part in reversed(parts) if part in self.typed), None)
            if key is None:
                self.general.append(each.message)
            else:
                self.errors.setdefault(key, about(self.labels.get(key, ""), each.message))
        if not self.wrong:
            self.general.append(detail or _("Check what you have entered and try again."))


def about(label: str, message: str) -> str:
    """Return a message that names its question, so that it can stand in the error summary."""
    message = message.rstrip(".")
    if not label or not message or label.lower() in message.lower():
        return message
    if label[-1] in "?.!:" or message.startswith("must "):
        return f"{label} {message}"
    return f"{label}: {message[0].lower()}{message[1:]}"


def saved(questions: Iterable[Question]) -> Answers:
    """Return the answers as they are saved, to fill a form in."""
    found = Answers()
    for question in questions:
        found.labels[question.key] = question.label
        found.typed[question.key] = as_typed(question, question.value)
        found.values[question.key] = question.value
    return found


def read(questions: Iterable[Question], form: FormData, *, all_needed: bool = False) -> Answers:
    """Return what a form says. With `all_needed`, a mandatory question left blank is an error."""
    found = Answers()
    for question in questions:
        typed = typed_in(question, form)
        found.typed[question.key], found.labels[question.key] = typed, question.label
        try:
            found.values[question.key] = as_value(question, typed)
        except UnreadableError as error:
            found.errors[question.key] = str(error)
            continue
        if all_needed and question.mandatory and found.values[question.key] in (None, []):
            found.errors[question.key] = question.blank or _(
                "%(label)s: this is needed", label=question.label
            )
    return found


def typed_in(question: Question, form: FormData) -> Any:
    """Return the raw text (or parts) of one question in a form."""
    match question.type:
        case "choices":
            return [value for value in form.getlist(question.key) if isinstance(value, str)]
        case "date":
            return {part: _text(form, f"{question.key}-{part}") for part in DATE_PARTS}
        case "yes_no_detail":
            return {
                "answer": _text(form, question.key),
                "detail": _text(form, f"{question.key}-detail"),
            }
        case _:
            return _text(form, question.key)


def _text(form: FormData, name: str) -> str:
    value = form.get(name)
    text = value if isinstance(value, str) else ""
    return text.replace("\r\n", "\n").strip()


def as_typed(question: Question, value: Any) -> Any:
    """Return a saved value as it stands in the form."""
    match question.type:
        case "choices":
            return list(value or [])
        case "date":
            year, month, day = str(value).split("-") if value else ("", "", "")
            return {"day": day.lstrip("0"), "month": month.lstrip("0"), "year": year}
        case "yes_no_detail":
            found = value or {}
            return {"answer": found.get("answer") or "", "detail": found.get("detail") or ""}
        case _:
            return "" if value is None else str(value)


def as_value(question: Question, typed: Any) -> Any:
    """Return the value that was meant; None for blank. Raises UnreadableError."""
    match question.type:
        case "choices":
            return typed
        case "date":
            return _date(question.label, typed)
        case "yes_no_detail":
            return {k: v or None for k, v in typed.items()} if typed["answer"] else None
        case _ if not typed:
            return None
        case "time":
            return _time(question.label, typed)
        case "integer":
            return _integer(question.label, typed)
        case "decimal":
            return _decimal(question.label, typed)
        case _:
            return typed


def _date(label: str, typed: dict[str, str]) -> str | None:
    missing = [part for part in DATE_PARTS if not typed[part]]
    if len(missing) == len(DATE_PARTS):
        return None
    if missing:
        raise UnreadableError(_missing(label, missing))
    try:
        found = date(*(int(typed[part]) for part in reversed(DATE_PARTS)))
    except ValueError as error:
        raise UnreadableError(
            _("%(label)s must be a real date, like 3 12 2026", label=label)
        ) from error
    if found.year < 1900:
        raise UnreadableError(_("%(label)s must have a year of 4 numbers, like 2026", label=label))
    return found.isoformat()


def _missing(label: str, parts: list[str]) -> str:
    sentences = {
        ("day",): _("%(label)s must include a day", label=label),
        ("month",): _("%(label)s must include a month", label=label),
        ("year",): _("%(label)s must include a year", label=label),
        ("day", "month"): _("%(label)s must include a day and a month", label=label),
        ("day", "year"): _("%(label)s must include a day and a year", label=label),
        ("month", "year"): _("%(label)s must include a month and a year", label=label),
    }
    return sentences[tuple(parts)]


def _time(label: str, typed: str) -> str:
    known = WORDS_FOR_TIME.get(typed.lower())
    match = TIME.fullmatch(typed)
    if known:
        return known
    if match is None or (match[2] is None and match[3] is None):
        raise UnreadableError(_("%(label)s must be a time, like 10:30am or 14:15", label=label))
    hour, minute, half = int(match[1]), int(match[2] or 0), (match[3] or "").lower()
    if half and not 1 <= hour <= 12:
        raise UnreadableError(_("%(label)s must be a time, like 10:30am or 14:15", label=label))
    hour = hour % 12 + 12 if half == "pm" else hour % 12 if half == "am" else hour
    if hour > 23 or minute > 59:
        raise UnreadableError(
            _("%(label)s must be a real time, like 10:30am or 14:15", label=label)
        )
    return f"{hour:02}:{minute:02}"


def _integer(label: str, typed: str) -> int:
    if not re.fullmatch(r"-?[0-9]{1,9}", typed.replace(",", "")):
        raise UnreadableError(_("%(label)s must be a whole number, like 12", label=label))
    return int(typed.replace(",", ""))


def _decimal(label: str, typed: str) -> str:
    plain = typed.replace(",", "").removesuffix("%").strip()
    if not re.fullmatch(r"-?[0-9]{1,9}(\.[0-9]{1,6})?", plain):
        raise UnreadableError(_("%(label)s must be a number, like 92.5", label=label))
    return plain
