"""The questions of one SMART target."""

from typing import Any

from web_portal.web.language import _
from web_portal.web.questions import Option, Question


def target_questions(
    areas: list[dict[str, Any]], target: dict[str, Any] | None = None
) -> list[Question]:
    """Return the questions, with the areas of the profile and the target's values if it exists."""
    given = target or {}
    choices = tuple(Option.model_validate(area) for area in areas)

    def text(
        key: str, label: str, hint: str | None = None, *, blank: str | None = None
    ) -> Question:
        return Question(
            key=key,
            label=label,
            hint=hint,
            type="text",
            max_length=2000,
            rows=3,
            mandatory=blank is not None,
            value=given.get(key),
            blank=blank,
        )

    return [
        Question(
            key="area",
            label=_("Area"),
            type="choice",
            mandatory=True,
            choices=choices,
            value=given.get("area"),
            blank=_("Choose the area of the target"),
        ),
        text("need", _("What is the need?")),
        text(
            "statement",
            _("Target"),
            _("Specific, measurable, achievable, relevant and with an end date"),
            blank=_("Write the target"),
        ),
        text("baseline", _("Where is the child now?")),
        text(
            "success_measure",
            _("How will we know that it is met?"),
            blank=_("Say how we will know that the target is met"),
        ),
        text("support", _("What support will be given?")),
        Question(
            key="supported_by",
            label=_("Who will support it?"),
            type="line",
            max_length=200,
            value=given.get("supported_by"),
        ),
        Question(
            key="due_on",
            label=_("To be met by"),
            type="date",
            mandatory=True,
            value=given.get("due_on"),
            blank=_("Enter the date by which the target is to be met"),
        ),
    ]
