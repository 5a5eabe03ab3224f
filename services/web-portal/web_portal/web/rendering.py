"""The template environment: the design system's macros, our templates, our filters."""

from collections.abc import Mapping
from functools import lru_cache
from gettext import NullTranslations
from pathlib import Path
from typing import Any

from jinja2 import (
    ChoiceLoader,
    Environment,
    FileSystemLoader,
    PackageLoader,
    PrefixLoader,
    select_autoescape,
)
from markupsafe import Markup, escape

from web_portal.web import difference, formatting, language

PACKAGE = Path(__file__).parent.parent
TONES = {
    "green": "green",
    "blue": "blue",
    "yellow": "yellow",
    "orange": "orange",
    "red": "red",
    "grey": "grey",
    "none": "grey",
}


def tag_class(colour: str | None) -> str:
    """Return the design system's class for a colour that a service names."""
    return f"govuk-tag--{TONES.get(colour or 'grey', 'grey')}"


@lru_cache(maxsize=8192)
def _as_html(texts: NullTranslations, message: str) -> Markup:
    return Markup(texts.gettext(message) % {})  # noqa: S704 - our own text


def _filled(text: str, values: Mapping[str, object]) -> Markup:
    """Return a text as HTML: it is our own, and what is put into it is escaped."""
    return Markup(text % {name: escape(value) for name, value in values.items()})  # noqa: S704


def spoken(message: str, /, **values: object) -> Markup:
    """Return a template's text in the visitor's language.

    This stands in for Jinja's own wrapper around gettext, which makes a new context for each text
    and so takes half of a page's time.
    """
    texts = language.current().texts
    return _filled(texts.gettext(message), values) if values else _as_html(texts, message)


def counted(one: str, many: str, count: int, /, **values: object) -> Markup:
    """Return a template's text that fits the count, `%(num)s` unless it is given."""
    return _filled(language.find_plural(one, many, count), {"num": count, **values})


def meant(context: str, message: str, /, **values: object) -> Markup:
    """Return a template's word that means several things; `context` says which one."""
    return _filled(language.find_meaning(context, message), values)


def link_to(path: str, *, new_tab: bool = False) -> Markup:
    """Return the beginning of a link, so that a sentence around it is one text to translate."""
    more = Markup(' target="_blank" rel="noopener"') if new_tab else ""
    return Markup('<a class="govuk-link" href="{}"{}>').format(path, more)


def environment() -> Environment:
    """Return the environment; templates of every capability are found by `folder/name.html`."""
    folders = {
        path.parent.name: FileSystemLoader(path) for path in sorted(PACKAGE.glob("*/templates"))
    }
    env = Environment(
        loader=ChoiceLoader(
            [
                PrefixLoader(folders),
                PrefixLoader({"govuk_frontend_jinja": PackageLoader("govuk_frontend_jinja")}),
            ]
        ),
        autoescape=select_autoescape(["html"]),
        auto_reload=False,
        cache_size=-1,
        extensions=["jinja2.ext.i18n"],
    )
    env.policies["ext.i18n.trimmed"] = True
    env.newstyle_gettext = True  # type: ignore[attr-defined]  # values are given by their names
    env.globals |= {"_": spoken, "gettext": spoken, "ngettext": counted, "pgettext": meant}
    env.filters.update(
        day=formatting.day,
        last_day=formatting.last_day,
        moment=formatting.moment,
        short_moment=formatting.short_moment,
        initials=formatting.initials,
        pair_of=formatting.pair_of,
        lookup=lambda key, known: known.get(key, key),
        readable=difference.readable,
        tag_class=tag_class,
        number=language.number,
    )
    env.globals.update(
        span=formatting.span,
        difference=difference.difference,
        is_long=difference.is_long,
        language=language.current,
        by_count=language.by_count,
        link_to=link_to,
        end_link=Markup("</a>"),
        unseen=Markup('<span class="govuk-visually-hidden">'),
        seen=Markup("</span>"),
    )
    return env


def inline_script(env: Environment) -> str:
    """Return a rendered page, from which the inline script's hash is taken at start-up."""
    blank: dict[str, Any] = {"title": "", "page": {}}
    return env.get_template("web/layout.html").render(blank)


def error_pages(env: Environment, languages: Mapping[str, language.Language]) -> dict[str, str]:
    """Return the page for an error that nobody foresaw in each language.

    They need nothing that could fail too.
    """
    return {code: _error_500(env, each) for code, each in languages.items()}


def _error_500(env: Environment, spoken: language.Language) -> str:
    with language.speaking(spoken):
        title = language.gettext("Sorry, there is a problem")
        page = env.get_template("web/error.html")
        return page.render({"title": title, "code": 500, "back": "/"})
