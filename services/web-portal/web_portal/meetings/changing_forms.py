"""The questions for moving, cancelling, adding somebody, and agreeing the next meeting."""

from typing import Any

from web_portal.meetings.shell import local_parts
from web_portal.peps.new_pep_form import when_and_where
from web_portal.web.answers import Answers
from web_portal.web.language import _
from web_portal.web.questions import Option, Question

SOMEBODY_ELSE = "else"


def reschedule_questions(meeting: dict[str, Any]) -> list[Question]:
    """Return the questions of a new time, filled in with the present one."""
    now = local_parts(meeting["starts_at"], meeting["duration_minutes"], meeting["place"])
    why = Question(
        key="why",
        label=_("Why is the meeting moved?"),
        type="text",
        max_length=1000,
        rows=3,
        hint=_("Everyone who is invited reads this. Do not write about the child"),
    )
    return [*when_and_where(value=now), why]


def cancellation_questions() -> list[Question]:
    """Return the one question of a cancellation."""
    return [
        Question(
            key="why",
            label=_("Why is the meeting cancelled?"),
            type="text",
            mandatory=True,
            max_length=1000,
            rows=3,
            hint=_("Everyone who is invited reads this. Do not write about the child"),
            blank=_("Say why the meeting is cancelled"),
        )
    ]


def invitee_questions(meeting: dict[str, Any]) -> list[Question]:
    """Return the questions for one more person: one of the child's people, or by address.

    `meeting["candidates"]` are the child's people who are not invited yet.
    """
    candidates = [
        Option(
            value=f"{each['role']}:{each['account_id']}",
            label=each["name"],
            hint=each["role_label"],
        )
        for each in meeting["candidates"]
    ]
    who = Question(
        key="who",
        label=_("Who?"),
        type="choice",
        mandatory=True,
        choices=(*candidates, Option(value=SOMEBODY_ELSE, label=_("Someone else, by email"))),
        value=None if candidates else SOMEBODY_ELSE,
        blank=_("Choose who to invite"),
    )
    return [
        who,
        Question(key="name", label=_("Their name"), type="line", autocomplete="off"),
        Question(key="email", label=_("Their email address"), type="email", autocomplete="off"),
    ]


def check_invitee(answers: Answers) -> None:
    """Note what is missing of somebody who is invited by address."""
    if answers.values.get("who") != SOMEBODY_ELSE:
        return
    for key, message in (
        ("name", _("Enter their name")),
        ("email", _("Enter their email address")),
    ):
        if not answers.values.get(key):
            answers.errors.setdefault(key, message)


def invitee_body(values: dict[str, Any], meeting: dict[str, Any]) -> dict[str, Any]:
    """Return the invitee as the meeting service takes it."""
    if values["who"] == SOMEBODY_ELSE:
        return {"invitee": {"name": values["name"], "email": values["email"]}}
    role, _, account_id = values["who"].partition(":")
    names = {each["account_id"]: each["name"] for each in meeting["candidates"]}
    return {"invitee": {"account_id": account_id, "name": names.get(account_id, ""), "role": role}}


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
        label=_("Who sends the invitations?"),
        type="line",
        max_length=200,
        value=agreed["invitations_sent_by"] if agreed else None,
    )
    return [*when_and_where(value=value), sender]
