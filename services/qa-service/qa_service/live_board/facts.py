"""What one event tells the board, and how what is told adds up. Pure.

The board keeps one value for each stream: facts by name, each stamped with the version of the
event that said it.

>>> merge({"stage": [3, "submitted"]}, {"stage": "returned"}, 7)
{'stage': [7, 'returned']}

Whoever says a fact last, by version, is right. So events may come again, late, or all from the
beginning: the value that results is the same, and a count that is taken from the values cannot
drift as a counter would.

Only plain fields are read, from the event's JSON and its headers: codes, states, dates and ids.
None of them is personal, so the board needs no key of any person, and erasing a person does not
touch it.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from pydantic import JsonValue

from epep_runtime.civil_time import local_date

Facts = Mapping[str, JsonValue]
Value = dict[str, list[Any]]
"""A stream's facts: {name: [stream version, fact]}."""

SECTION = "section:"


class Said:
    """One event's plain side: its JSON, who it belongs to, and when it was said."""

    __slots__ = ("at", "authority", "data")

    def __init__(self, data: Mapping[str, Any], authority: str | None, at: str) -> None:
        self.data, self.authority, self.at = data, authority, at

    @property
    def day(self) -> str:
        """Return the day in England on which it was said, ISO."""
        return local_date(datetime.fromisoformat(self.at)).isoformat()


def _initiated(said: Said) -> Facts:
    kept = ("child_id", "kind", "variant", "profile_version")
    begun = {name: said.data[name] for name in kept}
    return {
        "begun": {"authority": said.data["profile_code"], **begun},
        "due": said.data["completion_due"],
    }


def _meeting_time(said: Said) -> Facts:
    return {"meeting": True, "due": said.data["completion_due"]}


def _held(_: Said) -> Facts:
    return {"held": True}


def _completed(said: Said) -> Facts:
    return {f"{SECTION}{said.data['section']}": True}


def _reopened(said: Said) -> Facts:
    return {f"{SECTION}{said.data['section']}": False}


def _submitted(_: Said) -> Facts:
    return {"stage": "submitted"}


def _returned(_: Said) -> Facts:
    return {"stage": "returned"}


def _signed_off(said: Said) -> Facts:
    return {"stage": "signed_off", "signed_off_on": said.day}


def _selected(said: Said) -> Facts:
    kept = {name: said.data[name] for name in ("pep_id", "round", "gates_sign_off")}
    return {"review": {"authority": said.authority, "since": said.day, **kept}}


def _published(said: Said) -> Facts:
    return {"result": {"rating": said.data["rating"], "on": said.day}}


TELLING: Mapping[str, Callable[[Said], Facts]] = {
    "PEPInitiated": _initiated,
    "MeetingTimeNoted": _meeting_time,
    "MeetingConfirmationNoted": _held,
    "SectionCompleted": _completed,
    "SectionReopened": _reopened,
    "PEPSubmitted": _submitted,
    "PEPReturned": _returned,
    "PEPSignedOff": _signed_off,
    "QASelected": _selected,
    "QAPublished": _published,
}
"""The events that move a number on the board, and what each of them says."""


def merge(value: Value, facts: Facts, version: int) -> Value:
    """Return the value with these facts of one event; the same object when it knew better."""
    news = {
        name: [version, fact]
        for name, fact in facts.items()
        if name not in value or value[name][0] < version
    }
    return {**value, **news} if news else value


def join(one: Value, other: Value) -> Value:
    """Return what both know: of each fact the newer version. Order and repetition do not matter."""
    newer = {
        name: stamped
        for name, stamped in other.items()
        if name not in one or one[name][0] < stamped[0]
    }
    return {**one, **newer} if newer else one


def fact(value: Value, name: str) -> Any:
    """Return a fact, or None where nobody has said it."""
    stamped = value.get(name)
    return stamped[1] if stamped else None
