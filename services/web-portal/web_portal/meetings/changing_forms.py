"""The questions for moving, cancelling, adding somebody, and agreeing the next meeting."""

from typing import Any

from web_portal.meetings.shell import local_parts
from web_portal.peps.new_pep_form import when_and_where
from web_portal.web.questions import Question


def reschedule_questions(meeting: dict[str, Any]) -> list[Question]:
    """Return the questions of a new time, filled in with the present one."""
    now = local_parts(meeting["starts_at"], meeting["duration_minutes"], meeting["place"])
    why = Question(
        key="why",
        label="Why is the meeting moved?",
        type="text",
        max_length=1000,
        rows=3,
        hint="Everyone who is invited reads this. Do not write about the child",
    )
    return [*when_and_where(value=now), why]


def cancellation_questions() -> list[Question]:
    """Return the one question of a cancellation."""
    return [
        Question(
            key="why",
            label="Why is the meeting cancelled?",
            type="text",
            mandatory=True,
            max_length=1000,
            rows=3,
            hint="Everyone who is invited reads this. Do not write about the child",
            blank="Say why the meeting is cancelled",
        )
    ]


def invitee_questions() -> list[Question]:
    """Return the questions for one more person, by address."""
    return [
        Question(
            key="name",
            label="Name",
            type="line",
            mandatory=True,
            blank="Enter the person’s name",
            autocomplete="off",
        ),
        Question(
            key="email",
            label="Email address",
            type="email",
            mandatory=True,
            blank="Enter the person’s email address",
            autocomplete="off",
        ),
    ]


def next_meeting_questions(meeting: dict[str, Any]) -> list[Question]:
    """Return the questions about the meeting after this one."""
    agreed = meeting.get("next_meeting")
    value = (
        local_parts(agreed["starts_at"], agreed["duration_minutes"], agreed["place"])
        if agreed
        else {"place": meeting["place"], "duration_minutes": meeting["duration_minutes"]}
    )
    sender = Question(
        key="invitations_sent_by",
        label="Who sends the invitations?",
        type="line",
        max_length=200,
        value=agreed["invitations_sent_by"] if agreed else None,
    )
    return [*when_and_where(value=value), sender]
