"""The questions of a meeting's record, and its list of names as checkboxes and lines."""

from typing import Any

from starlette.datastructures import FormData

from web_portal.web.answers import Answers, read
from web_portal.web.language import _
from web_portal.web.questions import Option, Question


def _attended() -> tuple[Option, ...]:
    return (
        Option(value="all", label=_("Yes, all of it")),
        Option(value="part", label=_("Yes, part of it")),
        Option(value="no", label=_("No")),
    )


LONG = 10_000


def record_questions(meeting: dict[str, Any], labels: dict[str, str]) -> list[Question]:
    """Return the questions with the values that are saved."""
    record = meeting["record"]
    invited = [each["name"] for each in meeting["invitations"]]
    invited = list(dict.fromkeys(invited))
    present = record.get("present") or []
    child = labels.get("young_person") or _("child")
    return [
        _line("chair", _("Who chaired the meeting?"), record),
        _line("recorder", _("Who recorded it?"), record, _("The person who writes this record")),
        Question(
            key="present",
            label=_("Who was present?"),
            type="choices",
            mandatory=True,
            choices=tuple(Option(value=name, label=name) for name in invited),
            value=[name for name in present if name in invited],
        ),
        Question(
            key="present_others",
            label=_("Others who were present"),
            type="text",
            hint=_("One name on each line"),
            rows=3,
            value="\n".join(name for name in present if name not in invited) or None,
        ),
        Question(
            key="child_attended",
            label=_("Did the %(child)s attend?", child=child),
            type="choice",
            mandatory=True,
            choices=_attended(),
            value=record.get("child_attended"),
        ),
        _text("child_absent_reason", _("If not, or only in part: why?"), record),
        Question(
            key="views_shaped",
            label=_("Did the %(child)s’s views shape the plan?", child=child),
            type="yes_no",
            mandatory=True,
            value=record.get("views_shaped"),
        ),
        _text("views_shaped_how", _("How, or why not?"), record),
        Question(
            key="checklist",
            label=_("What did the meeting cover?"),
            type="choices",
            choices=tuple(Option.model_validate(each) for each in meeting["checklist"]),
            value=record.get("checklist"),
        ),
        _text("discussion", _("Discussion and each person’s views"), record, rows=10, needed=True),
    ]


def _line(key: str, label: str, record: dict[str, Any], hint: str | None = None) -> Question:
    return Question(
        key=key,
        label=label,
        hint=hint,
        type="line",
        mandatory=True,
        max_length=200,
        value=record.get(key),
    )


def _text(
    key: str, label: str, record: dict[str, Any], *, rows: int = 3, needed: bool = False
) -> Question:
    return Question(
        key=key,
        label=label,
        type="text",
        mandatory=needed,
        max_length=LONG,
        rows=rows,
        value=record.get(key),
    )


def read_record(questions: list[Question], form: FormData) -> Answers:
    """Return what the form says of the meeting."""
    return read(questions, form)


def record_body(values: dict[str, Any]) -> dict[str, Any]:
    """Return the record as the meeting service takes it: one list of everybody present."""
    body = dict(values)
    others = (body.pop("present_others") or "").splitlines()
    names = [*body["present"], *(name.strip() for name in others)]
    return body | {"present": list(dict.fromkeys(name for name in names if name))}
