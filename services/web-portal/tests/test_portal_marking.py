"""Every text that people read is marked for translation, and the catalogues have it.

What is found here would stay English for a Welsh reader. How to mark a text:
services/web-portal/README.md, "Languages".
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
FOR_OPERATORS = {
    "__main__.py",
    "settings.py",
    "translating.py",
    "services.py",
    "hosts.py",
    "sessions.py",
}
MODULES = sorted(each for each in PACKAGE.rglob("*.py") if each.name not in FOR_OPERATORS)
SCRIPTS = sorted((PACKAGE / "static" / "own").glob("*.js"))
SAID_ALOUD = {"aria-label", "title", "placeholder", "alt", "aria-description"}
SAME_EVERYWHERE = re.compile(r"\bePEP\b|__Host-\w+")
MARKS = {"_", "N_", "gettext", "ngettext", "pgettext", "noted", "by_count"}
NOT_SHOWN = {"info", "warning", "error", "compile", "ValueError", "HTTPException"}
NOT_SHOWN |= {"Language", "add_vary_header"}
JINJA = re.compile(r"{#.*?#}|{%-?\s*trans\b.*?endtrans\s*-?%}|{%.*?%}|{{.*?}}", re.DOTALL)
HEADER_NAME = re.compile(r"[A-Z]\w*(-\w+)+")
CLASSES = re.compile(r"govuk-|epep-|moj-")


def has_words(text: str) -> bool:
    """Tell whether something is left to translate besides names that are the same everywhere."""
    return bool(re.search(r"[^\W\d_]", SAME_EVERYWHERE.sub("", text)))


def is_sentence(text: str) -> bool:
    """Tell whether a constant in code is what somebody reads, and not a key or an address."""
    if not has_words(text) or HEADER_NAME.fullmatch(text) or CLASSES.search(text):
        return False
    return bool(re.match(r"[A-Z“]", text) and re.search(r"[A-Z][a-z]|[a-z]{2}", text))


class Words(HTMLParser):
    """Collects text and read-out attributes that have words, each with its line."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=False)
        self.found: list[tuple[int, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name in SAID_ALOUD and value and has_words(value):
                self.found.append((self.getpos()[0], value))

    def handle_data(self, data: str) -> None:
        if has_words(data):
            before = data[: len(data) - len(data.lstrip())]
            self.found.append((self.getpos()[0] + before.count("\n"), data.strip()))


def unmarked_html(source: str) -> list[tuple[int, str]]:
    words = Words()
    words.feed(JINJA.sub(lambda match: "\n" * match[0].count("\n"), source))
    words.close()
    return words.found


def unmarked_expressions(env: Environment, source: str) -> Iterator[tuple[int, str]]:
    """Yield the text constants of a template's expressions that no marking function is given."""
    left: list[nodes.Node] = [env.parse(source)]
    while left:
        node = left.pop()
        if isinstance(node, nodes.Call) and getattr(node.node, "name", "") in MARKS:
            left += [each.value for each in node.kwargs]
            continue
        if isinstance(node, nodes.Const) and isinstance(node.value, str):
            lower = re.match(r"[a-z]+ [a-z]", node.value.strip())
            if is_sentence(node.value) or (lower and not CLASSES.search(node.value)):
                yield node.lineno, node.value
        left += [node.value] if isinstance(node, nodes.Pair) else node.iter_child_nodes()


def unmarked_python(source: str) -> Iterator[tuple[int, str]]:
    left: list[ast.AST] = [ast.parse(source)]
    while left:
        node = left.pop()
        if isinstance(node, ast.Call):
            name = getattr(node.func, "id", getattr(node.func, "attr", ""))
            if name in NOT_SHOWN:
                continue
            if name in MARKS:
                left += node.keywords
                continue
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            continue  # a docstring
        if isinstance(node, ast.JoinedStr):
            parts = [each.value for each in node.values if isinstance(each, ast.Constant)]
            if any(re.search(r"[a-z]{2} [a-z]|^[A-Z][a-z]+ ", str(each)) for each in parts):
                yield node.lineno, "".join(map(str, parts))
            left += [each for each in node.values if not isinstance(each, ast.Constant)]
            continue
        text = node.value if isinstance(node, ast.Constant) else None
        if isinstance(text, str) and is_sentence(text):
            yield getattr(node, "lineno", 0), text
        annotation = isinstance(node, ast.arg | ast.AnnAssign | ast.FunctionDef)
        skipped = {getattr(node, "annotation", None), getattr(node, "returns", None)}
        left += [
            each for each in ast.iter_child_nodes(node) if not (annotation and each in skipped)
        ]


def place(path: Path, found: tuple[int, str]) -> str:
    return f"{path.relative_to(PACKAGE)}:{found[0]}: {found[1][:70]!r}"


def test_no_template_has_a_text_that_is_not_marked(templates: Environment) -> None:
    wrong = []
    for path in TEMPLATES:
        source = path.read_text()
        found = [*unmarked_html(source), *unmarked_expressions(templates, source)]
        wrong += [place(path, each) for each in sorted(found)]
    assert not wrong, "mark for translation: " + "; ".join(wrong)


def test_no_module_has_a_text_that_is_not_marked() -> None:
    wrong = [place(path, each) for path in MODULES for each in unmarked_python(path.read_text())]
    assert not wrong, "mark for translation: " + "; ".join(wrong)


def test_scripts_take_their_words_from_the_page() -> None:
    for path in SCRIPTS:
        code = re.sub(r"^\s*//.*$|\s//\s.*$", "", path.read_text(), flags=re.MULTILINE)
        texts = re.findall(r'"([^"\n]*)"', code)
        assert not [each for each in texts if is_sentence(each) and " " in each], path.name


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("<p>\n  Not marked</p>", [(2, "Not marked")]),
        ('<nav aria-label="Pages"></nav>', [(1, "Pages")]),
        ('{{ row("Where", place) }}', [(1, "Where")]),
        ('{{ tag({"a": "not yet"}[state]) }}', [(1, "not yet")]),
        ("<p>{% trans %}Marked{% endtrans %} {{ name }} · ePEP</p>", []),
        ('{{ row(_("Where"), place, classes="govuk-tag govuk-tag--red") }}', []),
    ],
)
def test_what_counts_as_marked(
    templates: Environment, source: str, found: list[tuple[int, str]]
) -> None:
    assert [*unmarked_html(source), *unmarked_expressions(templates, source)] == found


def test_what_counts_as_marked_in_code() -> None:
    code = 'title = "Not marked"\nname = f"Wait {n} minutes now"\ngood = _("Marked")\n"Doc."'
    assert sorted(unmarked_python(code)) == [(1, "Not marked"), (2, "Wait  minutes now")]


def test_the_template_of_the_catalogues_is_current() -> None:
    now = translating.as_text(translating.collect())
    assert translating.TEMPLATE.read_text() == now, "run `make messages` and commit what it writes"


def test_every_catalogue_is_current_and_keeps_its_places_for_values() -> None:
    template = translating.collect()
    for path in LOCALES.glob("*/LC_MESSAGES/messages.po"):
        code = path.parent.parent.name
        merged = translating.merged(code, template)
        assert path.read_text() == translating.as_text(merged), f"{code}: run `make messages`"
        assert not translating.mistakes(merged)
