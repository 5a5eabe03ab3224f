"""The template environment: the design system's macros, our templates, our filters."""

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

from web_portal.web import difference, formatting

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
    )
    env.globals.update(
        span=formatting.span, difference=difference.difference, is_long=difference.is_long
    )
    return env


def inline_script(env: Environment) -> str:
    """Return a rendered page, from which the inline script's hash is taken at start-up."""
    blank: dict[str, Any] = {"title": "", "page": {}}
    return env.get_template("web/layout.html").render(blank)


def error_500(env: Environment) -> str:
    """Return the page for an error that nobody foresaw; it needs nothing that could fail too."""
    title = "Sorry, there is a problem"
    return env.get_template("web/error.html").render({"title": title, "code": 500, "back": "/"})
