"""The quality page's form: a level and a comment for each area, and a rating of the whole."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from web_portal.problems import FieldProblem
from web_portal.web.language import _
from web_portal.web.questions import Option, Question

LONG = 4000


def review_questions(review: dict[str, Any]) -> list[Question]:
    """Return the questions, two for each area, with what is saved."""
    levels = tuple(Option(value=each["key"], label=each["label"]) for each in review["scale"])
    asked = []
    for area in review["areas"]:
        asked += [
            Question(
                key=f"level_{area['key']}",
                label=_("%(area)s: level", area=area["label"]),
                type="choice",
                choices=levels,
                inline=True,
                value=area.get("level"),
            ),
            Question(
                key=f"comment_{area['key']}",
                label=_("%(area)s: comment", area=area["label"]),
                type="text",
                max_length=LONG,
                rows=2,
                value=area.get("comment"),
            ),
        ]
    return [
        *asked,
        Question(
            key="rating",
            label=_("Overall rating"),
            type="choice",
            choices=levels,
            inline=True,
            hint=_suggestion(review),
            value=review.get("rating"),
        ),
        Question(
            key="comment",
            label=_("Comment for the people who wrote the plan"),
            type="text",
            max_length=LONG,
            value=review.get("comment"),
        ),
    ]


def at_questions(problems: Iterable[FieldProblem]) -> list[FieldProblem]:
    """Return a service's errors with `areas.<area>.level` named as the form's question."""
    found = []
    for each in problems:
        parts = each.field.split(".")
        if len(parts) == 3 and parts[0] == "areas":
            found.append(replace(each, field=f"{parts[2]}_{parts[1]}"))
        else:
            found.append(each)
    return found


def review_body(review: dict[str, Any], values: dict[str, Any]) -> dict[str, Any]:
    """Return the page as the qa service takes it."""
    areas = {
        area["key"]: {
            "level": values[f"level_{area['key']}"],
            "comment": values[f"comment_{area['key']}"],
        }
        for area in review["areas"]
    }
    return {"areas": areas, "rating": values["rating"], "comment": values["comment"]}


def _suggestion(review: dict[str, Any]) -> str | None:
    key = review.get("suggested_rating")
    label = next((each["label"] for each in review["scale"] if each["key"] == key), None)
    return _("The areas' levels suggest: %(label)s. You decide", label=label) if label else None


def _decisions() -> dict[str, tuple[str, str]]:
    return {
        "signed_off": (
            _("Sign the PEP off"),
            _("Cannot be undone. Everyone is told, and next term’s PEP is made ready."),
        ),
        "returned": (
            _("Return it to be improved"),
            _("The people who wrote it see the ratings and comments."),
        ),
        "feedback": (
            _("Send the feedback"),
            _(
                "The people who wrote the plan see the ratings and comments."
                " The plan stays signed off."
            ),
        ),
    }


def decision_question(review: dict[str, Any]) -> Question:
    """Return the question of what publishing does: gating reviews decide, others inform."""
    keys = ("signed_off", "returned") if review["gates_sign_off"] else ("feedback",)
    return Question(
        key="decision",
        label=_("What happens to the PEP?"),
        type="choice",
        mandatory=True,
        choices=tuple(
            Option(value=key, label=_decisions()[key][0], hint=_decisions()[key][1]) for key in keys
        ),
        value=keys[0] if len(keys) == 1 else None,
        blank=_("Choose what happens to the PEP"),
    )
