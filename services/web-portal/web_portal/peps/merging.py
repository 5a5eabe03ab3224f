"""Two people changed the same page: what each typed, side by side, and one choice per question.

With each form go short digests of the values it was opened with, so that a question that only one
of the two touched can be chosen beforehand.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import orjson
from starlette.datastructures import FormData

from web_portal.web.answers import Answers
from web_portal.web.forms import in_words
from web_portal.web.questions import Question

Pick = Literal["mine", "theirs"]


@dataclass(frozen=True, slots=True)
class Clash:
    """One question on which the two differ; `pick` is chosen beforehand where that is clear."""

    question: Question
    mine: str
    theirs: str
    pick: Pick | None
    error: str | None = None


def digest(value: Any) -> str:
    """Return a short fingerprint of a value; blank answers of all kinds are alike."""
    plain = None if value in ("", [], None) else value
    return hashlib.sha256(orjson.dumps(plain, option=orjson.OPT_SORT_KEYS)).hexdigest()[:16]


def bases(questions: Iterable[Question], form: FormData | None) -> dict[str, str]:
    """Return each question's fingerprint when the form was first opened."""
    found = {}
    for question in questions:
        kept = form.get(f"base-{question.key}") if form else None
        found[question.key] = kept if isinstance(kept, str) and kept else digest(question.value)
    return found


def clashes(
    current: Sequence[Question], mine: Answers, form: FormData, *, picked: bool
) -> list[Clash]:
    """Return the questions on which what was typed differs from what is saved now.

    With `picked`, the form comes from the conflict page and brings the choices made there.
    """
    found = []
    for question in current:
        if question.key not in mine.values:
            continue
        own, saved = mine.values[question.key], question.value
        if digest(own) == digest(saved):
            continue
        before = form.get(f"base-{question.key}")
        pick = _picked(form.get(f"pick-{question.key}")) if picked else None
        if pick is None:
            pick = _clear(before, digest(own), digest(saved))
        found.append(Clash(question, in_words(question, own), in_words(question, saved), pick))
    return found


def _picked(value: Any) -> Pick | None:
    return "mine" if value == "mine" else "theirs" if value == "theirs" else None


def _clear(before: Any, own: str, saved: str) -> Pick | None:
    if before == own:
        return "theirs"
    return "mine" if before == saved else None


def merged(found: Iterable[Clash], current: Iterable[Question], mine: Answers) -> dict[str, Any]:
    """Return the values to save: the choice of each clash, and what both agree on."""
    saved = {question.key: question.value for question in current}
    values = dict(mine.values)
    for clash in found:
        if clash.pick == "theirs":
            values[clash.question.key] = saved[clash.question.key]
    return values


def hidden(questions: Iterable[Question], answers: Answers) -> list[tuple[str, str]]:
    """Return the typed answers as names and values of hidden fields."""
    pairs: list[tuple[str, str]] = []
    for question in questions:
        typed = answers.typed[question.key]
        if isinstance(typed, list):
            pairs += [(question.key, value) for value in typed]
        elif question.type == "yes_no_detail":
            pairs += [(question.key, typed["answer"]), (f"{question.key}-detail", typed["detail"])]
        elif isinstance(typed, dict):
            pairs += [(f"{question.key}-{part}", text) for part, text in typed.items()]
        else:
            pairs.append((question.key, typed))
    return pairs
