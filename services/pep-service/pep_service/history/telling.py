"""A PEP's stream as a person reads it: one entry an event, in the words of the change log. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import BaseModel

from epep_events.base import Event
from epep_events.envelope import Metadata, Recorded
from epep_events.pep import (
    MeetingConfirmationNoted,
    MeetingTimeNoted,
    NextMeetingNoted,
    QAOutcomeNoted,
)
from epep_runtime.civil_time import local
from pep_service.history.facts import Fact, Moved
from pep_service.read_models.change_log.projector import describe
from pep_service.read_models.change_log.reading import RowShown, row_shown
from pep_service.read_models.change_log.row import PEP, Row, who_of
from pep_service.read_models.change_log.showing import Words

NOTED: Mapping[type[Event], str] = {
    MeetingTimeNoted: "The meeting’s time noted",
    MeetingConfirmationNoted: "Noted that the meeting was held",
    NextMeetingNoted: "The next meeting noted",
    QAOutcomeNoted: "The review’s outcome noted",
}
"""Events that are no change of their own in the change log, but do stand in the stream."""


class Entry(BaseModel):
    """One event: its version in the stream, its type, and what it says in words."""

    version: int
    type: str
    row: RowShown


def entries(events: Sequence[Recorded], words: Words) -> list[Entry]:
    """Return every event of a PEP's stream in words, oldest first."""
    return [
        Entry(
            version=event.meta.stream_version,
            type=event.meta.type,
            row=row_shown(_stored(_row(event), event.meta), words),
        )
        for event in events
    ]


def _row(event: Recorded) -> Row:
    what = NOTED.get(type(event.data), event.meta.type)
    return describe(event.data, event.meta) or Row(PEP, what)


def _stored(row: Row, meta: Metadata) -> dict[str, Any]:
    """Return the row as the change log's table would have it."""
    return {
        "at": meta.occurred_at,
        "who": who_of(meta),
        "who_name": row.who_name,
        "role": meta.actor.role,
        "section": row.section,
        "what": row.what,
        "changes": list(row.changes),
        "pep_id": row.pep_id,
        "event_id": meta.event_id,
    }


def entry_lines(entry: Entry) -> list[str]:
    """Return an entry as lines for a terminal."""
    row = entry.row
    role = f", {row.role_label}" if row.role_label else ""
    head = f"{entry.version:>4}  {local(row.at):%d/%m/%Y %H:%M:%S}  {row.what}"
    lines = [head, f"      {row.who}{role} · {row.section_title}"]
    lines += [f"      {each.label}: {_from_to(each.old, each.new)}" for each in row.changes]
    return lines


def fact_lines(facts: Sequence[Fact]) -> list[str]:
    """Return facts as lines, each place named once."""
    lines, where = [], None
    for fact in facts:
        if fact.where != where:
            where = fact.where
            lines.append(where)
        lines.append(f"  {fact.label}: {fact.value}")
    return lines


def moved_lines(moved: Sequence[Moved]) -> list[str]:
    """Return what is different as lines."""
    return [f"{each.where}: {each.label}: {_from_to(each.old, each.new)}" for each in moved]


def _from_to(old: str | None, new: str | None) -> str:
    if old is None:
        return new or "–"
    return f"{old} → {new or '(nothing)'}"
