"""The languages that mails can be in: that of the authority whose words they carry.

Nobody looks at a page when a mail is written, so there is no choice in a browser to follow. The
profile says its language; somebody whom no one authority writes to reads English.
"""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Annotated

from fastapi import Header

from epep_runtime.language import ENGLISH, N_, Language, _, first_of, languages_in

LOCALES = Path(__file__).parent.parent / "locale"

Accepted = Annotated[str | None, Header(examples=["cy"])]
"""The `Accept-Language` of a request."""

__all__ = [
    "ENGLISH",
    "LOCALES",
    "N_",
    "Accepted",
    "Language",
    "_",
    "asked_for",
    "language_named",
    "shipped",
]


@cache
def shipped() -> Mapping[str, Language]:
    """Return every language that there is a catalogue for, by its code, English first."""
    return languages_in(LOCALES)


def language_named(code: str) -> Language:
    """Return the language, or English where there is no catalogue of it."""
    return shipped().get(code, ENGLISH)


def asked_for(accepted: str | None) -> Language:
    """Return the first language of an `Accept-Language` header that there is, else English."""
    return first_of(accepted, shipped())
