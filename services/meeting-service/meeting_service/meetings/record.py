"""The meeting page: who was there, who recorded, what was said (B77-B82, S73, S78)."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, Literal

from epep_events.meeting import RecordChange

Attended = Literal["all", "part", "no"]
YesNo = Literal["yes", "no"]

LABELS = {
    "chair": "Who chaired the meeting",
    "recorder": "Who recorded the meeting",
    "present": "Who was present",
    "child_attended": "Did the child attend?",
    "child_absent_reason": "Why the child was not there, or not for all of it",
    "views_shaped": "Did the child's views shape the plan?",
    "views_shaped_how": "How the child's views shaped the plan, or why they did not",
    "checklist": "What the meeting covered",
    "discussion": "Discussion and individual views",
}
"""What people see above each field, in the page's order."""

MANDATORY = ("chair", "recorder", "present", "child_attended", "views_shaped", "discussion")


@dataclass(frozen=True, slots=True)
class MeetingRecord:
    """What is recorded of a meeting; None or empty where nothing is yet.

    `present` are names as people say them; `checklist` are values of the profile's agenda.
    """

    chair: str | None = None
    recorder: str | None = None
    present: tuple[str, ...] = ()
    child_attended: Attended | None = None
    child_absent_reason: str | None = None
    views_shaped: YesNo | None = None
    views_shaped_how: str | None = None
    checklist: tuple[str, ...] = ()
    discussion: str | None = None

    def settled(self) -> "MeetingRecord":
        """Return the record without answers to questions that another answer has closed."""
        record = self
        if record.child_attended in {None, "all"}:
            record = replace(record, child_absent_reason=None)
        if record.views_shaped is None:
            record = replace(record, views_shaped_how=None)
        return record

    def as_json(self) -> dict[str, Any]:
        """Return the record with lists for its tuples."""
        return {
            key: list(value) if isinstance(value, tuple) else value
            for key, value in asdict(self).items()
        }


FIELDS = tuple(field.name for field in fields(MeetingRecord))


def changes_between(old: MeetingRecord, new: MeetingRecord) -> tuple[RecordChange, ...]:
    """Return one change for each field that differs, in the page's order."""
    before, after = old.as_json(), new.as_json()
    return tuple(
        RecordChange(field=field, label=LABELS[field], old=before[field], new=after[field])
        for field in LABELS
        if before[field] != after[field]
    )


def with_changes(record: MeetingRecord, changes: Sequence[RecordChange]) -> MeetingRecord:
    """Return the record as it is after these changes."""
    news: dict[str, Any] = {
        change.field: tuple(change.new) if isinstance(change.new, list) else change.new
        for change in changes
        if change.field in FIELDS
    }
    return replace(record, **news)


def outstanding(record: MeetingRecord) -> list[tuple[str, str]]:
    """Return (field, label) of what must still be filled in; saving is possible without (D22)."""
    blank = [field for field in MANDATORY if not getattr(record, field)]
    if record.child_attended == "no" and not record.child_absent_reason:
        blank.append("child_absent_reason")
    if record.views_shaped == "yes" and not record.views_shaped_how:
        blank.append("views_shaped_how")
    return [(field, LABELS[field]) for field in LABELS if field in blank]
