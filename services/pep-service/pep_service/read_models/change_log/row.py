"""A row of the change log, and the parts that descriptions are made of. Pure."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Literal, NamedTuple, TypeAlias, TypedDict
from uuid import UUID

import orjson
from pydantic import JsonValue

from epep_events.envelope import Metadata

As = Literal[
    "text", "date", "instant", "area", "answer", "core", "placement", "record", "person", "setting"
]
"""How a value is to be shown: as it is, or looked up when the log is read."""

CHILD, PEP, MEETING, REVIEW, MAIL = "child", "pep", "meeting", "qa", "mail"
"""Sections of the log beside those of the form."""

Raw: TypeAlias = JsonValue | Sequence[str] | date | datetime
"""A value as an event has it."""

SHORT = 100
VALUES = "\x1e"
"""Stands between a sentence and its values, in JSON, where control characters are escaped."""


class Change(TypedDict):
    """One field: its key and label, the value before and after as the event has them.

    `page` goes with an answer on a page; `restricted` values (addresses) are for few eyes.
    """

    field: str
    label: str
    old: JsonValue
    new: JsonValue
    shown_as: As
    page: str | None
    restricted: bool


class Row(NamedTuple):
    """What one event changed. At least one of `child_id` and `pep_id` says whose log it is in.

    `what` is a sentence of `said`, put into words by `showing.told`.
    """

    section: str
    what: str
    child_id: UUID | None = None
    pep_id: UUID | None = None
    changes: tuple[Change, ...] = ()
    who_name: str | None = None


def said(sentence: str, **values: str | list[str]) -> str:
    """Return a sentence as a row keeps it: marked for translation, with the values apart from it.

    So it is shown in the language of whoever reads it. A value in a list is one of our own words,
    itself marked.
    """
    return f"{sentence}{VALUES}{orjson.dumps(values).decode()}" if values else sentence


def change(
    field: str,
    label: str,
    old: Raw,
    new: Raw,
    shown_as: As = "text",
    *,
    page: str | None = None,
    restricted: bool = False,
) -> Change:
    """Return one field's change; dates and instants become ISO text."""
    return {
        "field": field,
        "label": label,
        "old": _json(old),
        "new": _json(new),
        "shown_as": shown_as,
        "page": page,
        "restricted": restricted,
    }


def _json(value: Raw) -> JsonValue:
    if value is None or type(value) is str:  # nearly always; the checks below take their time
        return value
    if isinstance(value, date | datetime):
        return value.isoformat()
    if isinstance(value, Sequence) and not isinstance(value, str):
        return list(value)
    return value


def given(*changes: Change) -> tuple[Change, ...]:
    """Return the changes that have a value on either side and differ."""
    return tuple(each for each in changes if each["old"] != each["new"])


def quoted(text: str) -> str:
    """Return the beginning of a text in quotation marks, on one line."""
    line = " ".join(text.split())
    return f"“{line[: SHORT - 1].rstrip()}…”" if len(line) > SHORT else f"“{line}”"


def who_of(meta: Metadata) -> str:
    """Return who stands behind the event: for a reaction, whoever caused it."""
    return meta.actor.on_behalf_of or meta.actor.id
