"""A question on a page, whether a service's profile asks it or one of the portal's own forms."""

from collections.abc import Iterable, Mapping
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

QuestionType = Literal[
    "line",
    "text",
    "choice",
    "choices",
    "date",
    "time",
    "email",
    "integer",
    "decimal",
    "yes_no",
    "yes_no_detail",
]
SELECT_FROM = 9
"""From this many choices on, a closed question is a list to select from and not radio buttons."""


class Option(BaseModel):
    """One answer of a closed question."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    value: str
    label: str
    hint: str | None = None


class Question(BaseModel):
    """One question: the profile's `FormField` as the pep service answers it, plus `time`, `email`.

    `value` is what is saved now. `blank` is what to say when a mandatory answer is missing.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    key: str
    label: str
    type: QuestionType
    hint: str | None = None
    mandatory: bool = False
    choices: tuple[Option, ...] = ()
    max_length: int | None = None
    minimum: float | None = None
    maximum: float | None = None
    decimals: int | None = None
    past: bool = False
    detail_when: str = "yes"
    detail_label: str | None = None
    value: Any = None
    blank: str | None = None
    autocomplete: str | None = None
    rows: int = 5
    width: str | None = None
    inline: bool = False
    in_a_list: bool = False

    @property
    def id(self) -> str:
        """Return the question's anchor on the page."""
        return f"field-{self.key}"

    @property
    def in_list(self) -> bool:
        """Tell whether the choices are shown as a list to select from."""
        long = self.in_a_list or len(self.choices) >= SELECT_FROM
        return self.type == "choice" and long

    def label_of(self, value: Any) -> str:
        """Return the label of a choice's value."""
        return next((each.label for each in self.choices if each.value == value), str(value))


def questions(fields: Iterable[Mapping[str, Any]]) -> list[Question]:
    """Return the questions of a page from a service's JSON."""
    return [Question.model_validate(dict(field)) for field in fields]
