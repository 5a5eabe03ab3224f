"""The language that a visitor reads: its catalogue of texts, its dates and its numbers.

English stands in the source and is the message to translate; a text without a translation is shown
in English. Which language is spoken is known for the length of one request (`speaking`). What
authorities wrote in their profiles and what the services answer is data and stays as it came.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from gettext import GNUTranslations, NullTranslations
from io import BytesIO
from pathlib import Path

from babel import Locale
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

LOCALES = Path(__file__).parent.parent / "locale"
SAMPLES = 101
"""Whole numbers among which each plural form of any language occurs."""


@dataclass(frozen=True, slots=True, eq=False)
class Language:
    """A language that pages can be in. `code` is what stands in `<html lang>`."""

    code: str
    name: str
    locale: Locale
    texts: NullTranslations


ENGLISH = Language("en", "English", Locale("en", "GB"), NullTranslations())
_current: ContextVar[Language] = ContextVar("language", default=ENGLISH)


def current() -> Language:
    """Return the language of the request that is being answered."""
    return _current.get()


@contextmanager
def speaking(language: Language) -> Iterator[None]:
    """Speak a language for as long as the context lasts."""
    token = _current.set(language)
    try:
        yield
    finally:
        _current.reset(token)


def find(message: str) -> str:
    """Return the text in the visitor's language, its places for values as they are."""
    return current().texts.gettext(message)


def find_plural(one: str, many: str, count: int) -> str:
    """Return the text that fits the count, its places for values as they are."""
    return current().texts.ngettext(one, many, count)


def find_meaning(context: str, message: str) -> str:
    """Return the text of a word that means several things; `context` says which one."""
    return current().texts.pgettext(context, message)


def gettext(message: str, /, **values: object) -> str:
    """Return the text in the visitor's language, with `%(name)s` replaced by the values."""
    return find(message) % values if values else find(message)


def ngettext(one: str, many: str, count: int, /, **values: object) -> str:
    """Return the text that fits the count; `%(num)s` is the count as it is written."""
    return find_plural(one, many, count) % {"num": number(count), **values}


def noted(message: str) -> str:
    """Mark a text that is translated where it is shown, with `_`, and return it as it is."""
    return message


_ = gettext
N_ = noted


def number(count: int) -> str:
    """Return a whole number with its thousands apart: "1,200"."""
    plain = str(count)
    if len(plain) <= 3:
        return plain
    return f"{count:,}".replace(",", current().locale.number_symbols["latn"]["group"])


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
    return ["en", *sorted(each.parent.parent.name for each in LOCALES.glob("*/*/messages.po"))]


def languages(codes: str, find: Callable[[str], Path] | None = None) -> Mapping[str, Language]:
    """Return the languages of a comma-separated list, the first being what a visitor begins with.

    Each catalogue is read once. Raises ValueError for an empty list or a language without one.
    """
    wanted = list(dict.fromkeys(each.strip() for each in codes.split(",") if each.strip()))
    unknown = [code for code in wanted if find is None and code not in known_languages()]
    if not wanted or unknown:
        known = ", ".join(known_languages())
        raise ValueError(f"EPEP_PORTAL_LANGUAGES must list languages out of: {known}")
    return {code: ENGLISH if code == "en" else _read(code, find or catalogue_of) for code in wanted}


def catalogue_of(code: str) -> Path:
    """Return the file with a language's translations."""
    return LOCALES / code / "LC_MESSAGES" / "messages.po"


def _read(code: str, find: Callable[[str], Path]) -> Language:
    locale = Locale.parse(code)
    with find(code).open("rb") as file:
        catalogue = read_po(file, locale=locale)
    compiled = BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    own = str(locale.get_display_name(locale))
    return Language(code, own[:1].upper() + own[1:], locale, GNUTranslations(compiled))
