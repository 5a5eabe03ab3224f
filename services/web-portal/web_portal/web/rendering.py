"""The template environment: the design system's macros, our templates, our filters."""

from collections.abc import Mapping
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
from markupsafe import Markup

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
    env.install_gettext_callables(  # type: ignore[attr-defined]
        language.find, language.find_plural, newstyle=True, pgettext=language.find_meaning
    )
    env.filters.update(
        day=formatting.day,
        last_day=formatting.last_day,
        moment=formatting.moment,
        short_moment=formatting.short_moment,
        initials=formatting.initials,
        pair_of=formatting.pair_of,
        lookup=lambda key, known: known.get(key, key),
        plural=formatting.plural,
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
