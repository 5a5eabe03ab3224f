"""A form as a template shows it: each question with what is typed and what is wrong."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from web_portal.web.answers import Answers
from web_portal.web.difference import readable
from web_portal.web.formatting import day
from web_portal.web.language import _
from web_portal.web.questions import Question


@dataclass(frozen=True, slots=True)
class Field:
    """One question with what stands in the form and its error."""

    question: Question
    typed: Any
    error: str | None

    @property
    def target(self) -> str:
        """Return the id that the error summary links to: the first control of the question."""
        return f"{self.question.id}-day" if self.question.type == "date" else self.question.id


@dataclass(frozen=True, slots=True)
class Form:
    """The fields of one form and the lines of its error summary."""

    fields: tuple[Field, ...]
    general: tuple[str, ...] = ()

    @property
    def summary(self) -> list[dict[str, str]]:
        """Return the error summary's items: those of no field first."""
        items = [{"text": text} for text in self.general]
        items += [
            {"text": each.error, "href": f"#{each.target}"} for each in self.fields if each.error
        ]
        return items

    def __getitem__(self, key: str) -> Field:
        """Return the field of that key."""
        return next(each for each in self.fields if each.question.key == key)


def show(questions: Sequence[Question], answers: Answers) -> Form:
    """Return the form with these answers in it."""
    fields = tuple(
        Field(question, answers.typed[question.key], answers.errors.get(question.key))
        for question in questions
    )
    return Form(fields, tuple(answers.general))


def in_words(question: Question, value: Any) -> str:
    """Return a saved value as a reader sees it; "" where it is blank."""
    if value is None or value in ("", []):
        return ""
    match question.type:
        case "choice":
            return question.label_of(value)
        case "choices":
            return "\n".join(question.label_of(each) for each in value)
        case "date":
            return day(value)
        case "yes_no":
            return _yes_no(value)
        case "yes_no_detail":
            parts = (_yes_no(value.get("answer")), value.get("detail") or "")
            return "\n".join(part for part in parts if part)
        case _:
            return readable(value)


def _yes_no(value: Any) -> str:
    return {"yes": _("Yes"), "no": _("No"), True: _("Yes"), False: _("No")}.get(value, "")
