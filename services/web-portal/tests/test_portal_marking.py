"""Every text that people read is marked for translation, and the catalogues have it.

How to mark: services/web-portal/README.md, "Languages". What is found here is a text in English
that a Welsh reader would see in English for ever.
"""

import ast
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest
from jinja2 import Environment, nodes

from web_portal import translating
from web_portal.web.language import LOCALES

PACKAGE = translating.PACKAGE
TEMPLATES = sorted(PACKAGE.glob("*/templates/*.html"))
MODULES = sorted(
    each
    for each in PACKAGE.rglob("*.py")
    if each.name not in {"__main__.py", "settings.py", "translating.py", "services.py", "hosts.py"}
)
SCRIPTS = sorted((PACKAGE / "static" / "own").glob("*.js"))
SAID_ALOUD = {"aria-label", "title", "placeholder", "alt", "aria-description"}
SAME_EVERYWHERE = re.compile(r"\bePEP\b|__Host-\w+")
MARKS = {"_", "N_", "gettext", "ngettext", "pgettext", "noted", "by_count"}
NOT_SHOWN = {
    "info",
    "warning",
    "error",
    "compile",
    "ValueError",
    "add_argument",
    "get",
    "HTTPException",
}
HEADERS = re.compile(r"[A-Z][\w]*(-[A-Z][\w]*)+")


def has_words(text: str) -> bool:
    """Tell whether something is left to translate besides names that are the same everywhere."""
    return bool(re.search(r"[^\W\d_]", SAME_EVERYWHERE.sub("", text)))


def is_text(text: str) -> bool:
    """Tell whether a constant in code is what somebody reads, and not a class, key or address."""
    if not has_words(text) or HEADERS.fullmatch(text) or re.search(r"govuk-|epep-|moj-", text):
        return False
    if re.match(r"[A-Z“]", text) and re.search(r"[a-z]", text):
        return True
    return " " in text.strip() and bool(re.match(r"[a-z]+ [a-z]", text.strip()))


class Words(HTMLParser):
    """Collects text nodes and read-out attributes that have words, each with its line."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=False)
        self.found: list[tuple[int, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name in SAID_ALOUD and value and has_words(value):
                self.found.append((self.getpos()[0], value))

    def handle_data(self, data: str) -> None:
        if has_words(data):
            lead = len(data) - len(data.lstrip())
            self.found.append((self.getpos()[0] + data[:lead].count("\n"), data.strip()))


def plain(env: Environment, source: str) -> str:
    """Return a template's HTML without its marked texts and expressions, lines kept."""
    kept, inside, marked = [], False, False
    for _, kind, value in env.lex(source):
        if kind == "name" and inside and not marked and value in {"trans", "endtrans"}:
            marked = value == "trans"
            inside = not marked
        if kind == "block_begin":
            inside, opened = True, len(kept)
        if kind == "name" and value == "trans" and kept[opened - 1 : opened]:
            marked = True
        if kind == "name" and value == "endtrans":
            marked = False
        if kind == "data" and not marked:
            kept.append(value)
        else:
            kept.append("\n" * value.count("\n"))
    return "".join(kept)
