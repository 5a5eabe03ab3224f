"""The languages that mails can be in: that of the authority whose words they carry.

Nobody looks at a page when a mail is written, so there is no choice in a browser to follow. The
profile says its language; somebody whom no one authority writes to reads English.
"""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Annotated

from fastapi import Header

from epep_runtime.language import (
    ENGLISH,
    Language,
    catalogue_in,
    codes_in,
    gettext,
    noted,
    read_language,
)

LOCALES = Path(__file__).parent.parent / "locale"
_ = gettext
N_ = noted

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
    others = {
        code: read_language(code, catalogue_in(LOCALES, code)) for code in codes_in(LOCALES)[1:]
    }
    return {ENGLISH.code: ENGLISH, **others}


def language_named(code: str) -> Language:
    """Return the language, or English where there is no catalogue of it."""
    return shipped().get(code, ENGLISH)


def asked_for(accepted: str | None) -> Language:
    """Return the first language of an `Accept-Language` header that there is, else English.

    Its weights are not looked at: browsers list what they prefer first.
    """
    for each in (accepted or "").split(","):
        code = each.partition(";")[0].partition("-")[0].strip().lower()
        if code in shipped():
            return shipped()[code]
    return ENGLISH
