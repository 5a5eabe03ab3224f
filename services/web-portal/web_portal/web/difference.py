"""What changed between two texts, in words that a person can read."""

import difflib
import re
from dataclasses import dataclass
from typing import Any, Literal

from web_portal.web.language import _

WORDS = re.compile(r"\s+|\w+(?:['’]\w+)*|[^\w\s]")
LONG = 60
"""From this length on, a text is shown as one difference and not as old beside new."""
CONTEXT = 12
"""Tokens (words and gaps) that are kept around a change; more is left out."""
WORD_LIMIT = 6000


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of text that stayed, was added or was removed; `gap` stands for what is left out."""

    kind: Literal["same", "added", "removed", "gap"]
    text: str


def readable(value: Any) -> str:
    """Return a value of the change log as text."""
    if value is None or value in ("", []):
        return ""
    if isinstance(value, bool):
        return _("Yes") if value else _("No")
    if isinstance(value, list):
        return ", ".join(readable(item) for item in value)
    if isinstance(value, dict):
        return ": ".join(part for item in value.values() if (part := readable(item)))
    return str(value)


def is_long(old: str, new: str) -> bool:
    """Tell whether the change is easier to read as one marked text than as two values."""
    return bool(old and new) and max(len(old), len(new)) >= LONG


def difference(old: str, new: str) -> list[Piece]:
    """Return the new text with what was removed and added, leaving out long same runs."""
    before, after = WORDS.findall(old), WORDS.findall(new)
    if len(before) + len(after) > WORD_LIMIT:
        return [Piece("removed", old), Piece("added", new)]
    pieces: list[Piece] = []
    matcher = difflib.SequenceMatcher(a=before, b=after, autojunk=False)
    for kind, a1, a2, b1, b2 in matcher.get_opcodes():
        if kind == "equal":
            pieces += _same(before[a1:a2], first=a1 == 0, last=a2 == len(before))
            continue
        if a2 > a1:
            pieces.append(Piece("removed", "".join(before[a1:a2])))
        if b2 > b1:
            pieces.append(Piece("added", "".join(after[b1:b2])))
    return pieces


def _same(words: list[str], *, first: bool, last: bool) -> list[Piece]:
    if len(words) <= 2 * CONTEXT + 2:
        return [Piece("same", "".join(words))]
    head = [] if first else [Piece("same", "".join(words[:CONTEXT]))]
    tail = [] if last else [Piece("same", "".join(words[-CONTEXT:]))]
    return [*head, Piece("gap", " … "), *tail]
