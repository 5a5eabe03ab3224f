"""The languages that the portal's pages can be in, and its own catalogues of their texts.

How texts are found is the same for pages and mails: `epep_runtime.language`. What is used of it in
pages is named here, too.
"""

from collections.abc import Callable, Mapping
from pathlib import Path

from epep_runtime.language import (
    ENGLISH,
    N_,
    Language,
    _,
    catalogue_in,
    codes_in,
    current,
    find_meaning,
    find_plural,
    gettext,
    ngettext,
    noted,
    number,
    read_language,
    speaking,
    written_date,
)

__all__ = [
    "ENGLISH",
    "N_",
    "Language",
    "_",
    "by_count",
    "catalogue_of",
    "current",
    "find_meaning",
    "find_plural",
    "gettext",
    "known_languages",
    "languages",
    "ngettext",
    "noted",
    "number",
    "speaking",
    "written_date",
]

LOCALES = Path(__file__).parent.parent / "locale"
SAMPLES = 101
"""Whole numbers among which each plural form of any language occurs."""


def by_count(one: str, many: str) -> dict[str, str]:
    """Return the text of each plural form by its CLDR name, for scripts that count themselves.

    The place for the number is `%{count}`.
    """
    rule = current().locale.plural_form
    samples = {rule(each): each for each in range(SAMPLES, -1, -1)}
    texts = {form: find_plural(one, many, each) for form, each in samples.items()}
    return {form: text % {"num": "%{count}"} for form, text in texts.items()}


def known_languages() -> list[str]:
    """Return the codes of the languages that can be switched on."""
    return codes_in(LOCALES)


def languages(codes: str, find: Callable[[str], Path] | None = None) -> Mapping[str, Language]:
    """Return the languages of a comma-separated list, the first being what a visitor begins with.

    Each catalogue is read once. Raises ValueError for an empty list or a language without one.
    """
    wanted = list(dict.fromkeys(each.strip() for each in codes.split(",") if each.strip()))
    unknown = [code for code in wanted if find is None and code not in known_languages()]
    if not wanted or unknown:
        known = ", ".join(known_languages())
        raise ValueError(f"EPEP_PORTAL_LANGUAGES must list languages out of: {known}")
    where = find or catalogue_of
    return {code: ENGLISH if code == "en" else read_language(code, where(code)) for code in wanted}


def catalogue_of(code: str) -> Path:
    """Return the file with a language's translations."""
    return catalogue_in(LOCALES, code)
