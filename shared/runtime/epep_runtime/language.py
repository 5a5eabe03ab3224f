"""The language that a reader reads: its catalogue of texts, its dates and its numbers.

English stands in the source and is the message to translate; a text without a translation is shown
in English. Which language is spoken is known for the length of one request or one mail
(`speaking`). What authorities wrote in their profiles and what the services answer is data and
stays as it came. Each part that words something has its own catalogues, in its folder `locale`.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from gettext import GNUTranslations, NullTranslations
from io import BytesIO
from pathlib import Path

from babel import Locale
from babel.dates import format_date
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po


@dataclass(frozen=True, slots=True, eq=False)
class Language:
    """A language that texts can be in. `code` is what stands in `<html lang>` of a page."""

    code: str
    name: str
    locale: Locale
    texts: NullTranslations


ENGLISH = Language("en", "English", Locale("en", "GB"), NullTranslations())
_current: ContextVar[Language] = ContextVar("language", default=ENGLISH)


def current() -> Language:
    """Return the language of the request that is being answered, or the mail being written."""
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
    """Return the text in the reader's language, its places for values as they are."""
    return current().texts.gettext(message)


def find_plural(one: str, many: str, count: int) -> str:
    """Return the text that fits the count, its places for values as they are."""
    return current().texts.ngettext(one, many, count)


def find_meaning(context: str, message: str) -> str:
    """Return the text of a word that means several things; `context` says which one."""
    return current().texts.pgettext(context, message)


def gettext(message: str, /, **values: object) -> str:
    """Return the text in the reader's language, with `%(name)s` replaced by the values."""
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


@lru_cache(maxsize=4096)
def _date_in(value: date, pattern: str, language: Language) -> str:
    return str(format_date(value, pattern, language.locale))


def written_date(value: date, pattern: str) -> str:
    """Return a date in words by a CLDR pattern, in the reader's language.

    Kept in a cache: Babel takes 20 µs for each.
    """
    return _date_in(value, pattern, current())


def catalogue_in(locales: Path, code: str) -> Path:
    """Return the file with a language's translations in a folder `locale`."""
    return locales / code / "LC_MESSAGES" / "messages.po"


def codes_in(locales: Path) -> list[str]:
    """Return the codes of the languages that a folder `locale` has, English first."""
    return ["en", *sorted(each.parent.parent.name for each in locales.glob("*/*/messages.po"))]


def read_language(code: str, catalogue: Path) -> Language:
    """Return a language with its translations, fuzzy ones left out."""
    locale = Locale.parse(code)
    with catalogue.open("rb") as file:
        texts = read_po(file, locale=locale)
    compiled = BytesIO()
    write_mo(compiled, texts)
    compiled.seek(0)
    own = str(locale.get_display_name(locale))
    return Language(code, own[:1].upper() + own[1:], locale, GNUTranslations(compiled))


def languages_in(locales: Path) -> Mapping[str, Language]:
    """Return every language that a folder `locale` has, by its code, English first."""
    others = codes_in(locales)[1:]
    return {"en": ENGLISH} | {
        code: read_language(code, catalogue_in(locales, code)) for code in others
    }


def first_of(accepted: str | None, languages: Mapping[str, Language]) -> Language:
    """Return the first language of an `Accept-Language` header that there is, else English.

    Its weights are not looked at: browsers list what they prefer first.
    """
    for each in (accepted or "").split(","):
        code = each.partition(";")[0].partition("-")[0].strip().lower()
        if code in languages:
            return languages[code]
    return ENGLISH
