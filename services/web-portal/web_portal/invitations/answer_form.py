"""The questions of an answer to an invitation, with or without an account."""

from typing import Any

from web_portal.meetings.shell import local_parts
from web_portal.web.answers import Answers, read
from web_portal.web.language import _
from web_portal.web.questions import Option, Question


def _answers() -> tuple[Option, ...]:
    return (
        Option(value="accepted", label=_("Yes, I will be there")),
        Option(value="declined", label=_("No, I cannot come")),
        Option(value="proposed", label=_("I suggest another time")),
    )


def answer_questions(invitation: dict[str, Any]) -> list[Question]:
    """Return the questions with the answer that was given before."""
    proposed: dict[str, Any] = {}
    if invitation.get("proposed_at"):
        proposed = local_parts(invitation["proposed_at"], None, None)
    return [
        Question(
            key="answer",
            label=_("Will you come?"),
            type="choice",
            mandatory=True,
            choices=_answers(),
            value=invitation.get("answer"),
            blank=_("Choose whether you will come"),
        ),
        Question(
            key="date", label=_("Date that would suit you"), type="date", value=proposed.get("date")
        ),
        Question(
            key="time",
            label=_("Time that would suit you"),
            type="time",
            hint=_("For example, 10:30am or 14:15"),
            value=proposed.get("time"),
        ),
        Question(
            key="comment",
            label=_("Comment for the organiser"),
            type="text",
            max_length=1000,
            rows=3,
            hint=_("You need not write one. Do not write about the child"),
            value=invitation.get("comment"),
        ),
    ]


def read_answer(questions: list[Question], form: Any) -> Answers:
    """Return the answer; date and time are needed when another time is suggested."""
    answers = read(questions, form, all_needed=True)
    if answers.values.get("answer") == "proposed":
        for key, text in (
            ("date", _("Enter the date that would suit you")),
            ("time", _("Enter the time that would suit you")),
        ):
            if answers.values.get(key) is None:
                answers.errors.setdefault(key, text)
    return answers


def answer_body(values: dict[str, Any]) -> dict[str, Any]:
    """Return the answer as the meeting service takes it."""
    proposed = None
    if values["answer"] == "proposed":
        proposed = {"date": values["date"], "time": values["time"]}
    return {"answer": values["answer"], "proposed": proposed, "comment": values["comment"]}
