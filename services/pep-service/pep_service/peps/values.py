"""Answers on a page: what each type of field takes, and how it is kept. Pure.

Every function takes what came as JSON and returns what is stored; None is "not answered".
"""

import re
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from pydantic import JsonValue

from epep_events.profile import FormField
from epep_runtime.language import _, ngettext
from epep_runtime.language import number as as_written
from epep_runtime.text import one_line, printable

EARLIEST, LATEST = date(1990, 1, 1), date(2099, 12, 31)
WHOLE = re.compile(r"[+-]?[0-9]{1,9}\Z")
NUMBER = re.compile(r"[+-]?[0-9]{1,9}(\.[0-9]{1,9})?\Z")
ISO_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}\Z")


class MisfitError(ValueError):
    """The answer does not fit the field. `code` is stable, the message is for the person."""

    def __init__(self, message: str, code: str = "invalid") -> None:
        super().__init__(message)
        self.code = code


def stored(field: FormField, raw: JsonValue, today: date) -> JsonValue:
    """Return the answer as it is kept. `today` is the date in England.

    Raises MisfitError that says what is wrong with it.
    """
    if raw is None:
        return None
    match field.type:
        case "line" | "text":
            return _text(raw, field.max_length, lines=field.type == "text")
        case "choice":
            return _choice(field, raw)
        case "choices":
            return _choices(field, raw)
        case "date":
            return _date(field, raw, today)
        case "integer":
            return _integer(field, raw)
        case "decimal":
            return _decimal(field, raw)
        case "yes_no":
            return _yes_no(raw)
        case "yes_no_detail":
            return _yes_no_detail(field, raw)


def _string(raw: JsonValue) -> str:
    if not isinstance(raw, str):
        raise MisfitError(_("This must be text."), "type")
    return raw


def _text(raw: JsonValue, most: int, *, lines: bool) -> str | None:
    given = _string(raw).strip()
    if len(given) > 2 * most:  # looked at before the letters are, which takes time
        raise MisfitError(
            _(
                "Use %(most)s characters or fewer: this has %(given)s.",
                most=as_written(most),
                given=as_written(len(given)),
            ),
            "length",
        )
    try:
        text = (printable if lines else one_line)(given).strip()
    except MisfitError:
        raise
    except ValueError as error:
        raise MisfitError(_("This %(error)s.", error=error), "characters") from error
    if len(text) > most:
        raise MisfitError(
            _(
                "Use %(most)s characters or fewer: this has %(given)s.",
                most=as_written(most),
                given=as_written(len(text)),
            ),
            "length",
        )
    return text or None


def _choice(field: FormField, raw: JsonValue) -> str | None:
    value = _string(raw)
    if value and value not in {choice.value for choice in field.choices}:
        raise MisfitError(_("Choose one of the answers given."), "choice")
    return value or None


def _choices(field: FormField, raw: JsonValue) -> JsonValue:
    if not isinstance(raw, list):
        raise MisfitError(_("Choose from the answers given."), "type")
    known = [choice.value for choice in field.choices]
    if any(value not in known for value in raw):
        raise MisfitError(_("Choose from the answers given."), "choice")
    chosen: list[JsonValue] = [value for value in known if value in raw]
    return chosen or None


def _date(field: FormField, raw: JsonValue, today: date) -> str | None:
    text = _string(raw).strip()
    if not text:
        return None
    try:
        if not ISO_DATE.match(text):
            raise ValueError
        day = date.fromisoformat(text)
    except ValueError as error:
        raise MisfitError(_("Enter a real date."), "date") from error
    if not EARLIEST <= day <= LATEST:
        raise MisfitError(
            _("Enter a year from %(first)s to %(last)s.", first=EARLIEST.year, last=LATEST.year),
            "range",
        )
    if field.past and day > today:
        raise MisfitError(_("This date must be today or in the past."), "future")
    return text


def _bounds(field: FormField, number: Decimal) -> None:
    low, high = field.minimum, field.maximum
    if low is not None and number < Decimal(str(low)):
        raise MisfitError(_("Enter %(low)s or more.", low=f"{low:g}"), "range")
    if high is not None and number > Decimal(str(high)):
        raise MisfitError(_("Enter %(high)s or less.", high=f"{high:g}"), "range")


def _integer(field: FormField, raw: JsonValue) -> int | None:
    text = str(raw).strip() if isinstance(raw, int | str) and not isinstance(raw, bool) else None
    if text == "":
        return None
    if text is None or not WHOLE.match(text):
        raise MisfitError(_("Enter a whole number."), "number")
    _bounds(field, Decimal(text))
    return int(text)


def _decimal(field: FormField, raw: JsonValue) -> str | None:
    """Numbers are kept as text: `95` for a whole one, else with all of the field's places."""
    number_like = isinstance(raw, int | float | str) and not isinstance(raw, bool)
    text = str(raw).strip() if number_like else "?"
    if text == "":
        return None
    try:
        if not NUMBER.match(text):
            raise InvalidOperation
        number = Decimal(text)
    except InvalidOperation as error:
        raise MisfitError(_("Enter a number, like 95 or 95.5."), "number") from error
    _bounds(field, number)
    rounded = number.quantize(Decimal(1).scaleb(-field.decimals))
    if rounded != number:
        raise MisfitError(
            ngettext(
                "Use at most %(num)s decimal place.",
                "Use at most %(num)s decimal places.",
                field.decimals,
            ),
            "decimals",
        )
    whole = rounded == rounded.to_integral_value()
    return str(int(rounded)) if whole else f"{rounded:f}"


def _yes_no(raw: JsonValue) -> str | None:
    if raw in ("yes", "no"):
        return str(raw)
    if raw == "":
        return None
    raise MisfitError(_("Answer yes or no."), "choice")


def _yes_no_detail(field: FormField, raw: JsonValue) -> JsonValue:
    """The detail belongs to one of the two answers; with the other it is not kept."""
    if not isinstance(raw, dict) or not set(raw) <= {"answer", "detail"}:
        raise MisfitError(_('Send {"answer": "yes" or "no", "detail": text}.'), "type")
    given, detail = raw.get("answer"), raw.get("detail")
    answer = None if given is None else _yes_no(given)
    kept = None if detail is None else _text(detail, field.max_length, lines=True)
    if answer is None:
        if kept is not None:
            raise MisfitError(_("Answer yes or no as well."), "choice")
        return None
    return {"answer": answer, "detail": kept if answer == field.detail_when else None}


def is_blank(field: FormField, value: JsonValue) -> bool:
    """Tell whether a mandatory field still needs an answer.

    A yes/no that asks for detail needs the detail too, where the answer calls for it.
    """
    if value is None:
        return True
    if field.type == "yes_no_detail" and isinstance(value, dict):
        return value.get("answer") == field.detail_when and not value.get("detail")
    return False


def missing_fields(fields: tuple[FormField, ...], answers: Any) -> tuple[FormField, ...]:
    """Return the mandatory fields that these answers (by field key) leave blank."""
    return tuple(
        field for field in fields if field.mandatory and is_blank(field, answers.get(field.key))
    )
