"""The page for two people who changed the same thing: both versions, and a choice."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from starlette.datastructures import FormData
from starlette.responses import Response

from web_portal.peps import merging
from web_portal.web.answers import Answers, saved
from web_portal.web.language import _
from web_portal.web.questions import Question
from web_portal.web.visit import Visit


@dataclass(frozen=True)
class Theirs:
    """What the other person saved: its name, the questions with saved values, who and when."""

    title: str
    questions: Sequence[Question]
    version: int
    saved: dict[str, Any] | None = None


@dataclass(frozen=True)
class Choice:
    """What to save, as answers that a form can show; `made` is false while choices are missing."""

    answers: Answers
    made: bool = True


def choose(questions: Sequence[Question], answers: Answers, form: FormData) -> Choice:
    """Return the values that the person decided on, where the form comes from the conflict page."""
    if not form.get("resolving"):
        return Choice(answers)
    found = merging.clashes(questions, answers, form, picked=True)
    if any(clash.pick is None for clash in found):
        return Choice(answers, made=False)
    values = merging.merged(found, questions, answers)
    decided = [each.model_copy(update={"value": values[each.key]}) for each in questions]
    return Choice(saved(decided))


async def conflict_page(
    visit: Visit,
    frame: dict[str, Any],
    theirs: Theirs,
    answers: Answers,
    *,
    chosen: bool = False,
) -> Response:
    """Show the two versions. `chosen`: the button was pressed without all choices."""
    form = await visit.form()
    found = merging.clashes(theirs.questions, answers, form, picked=chosen)
    if chosen:
        found = [c if c.pick else replace(c, error=_("Choose which to keep")) for c in found]
    return await visit.page(
        "peps/page_conflict.html",
        422 if chosen else 412,
        theirs=theirs,
        clashes=found,
        hidden=merging.hidden(theirs.questions, answers),
        bases=merging.bases(theirs.questions, form),
        version=theirs.version,
        error_items=[
            {
                "text": _("Choose which to keep for “%(question)s”", question=c.question.label),
                "href": f"#pick-{c.question.key}",
            }
            for c in found
            if c.error
        ],
        **frame,
    )
