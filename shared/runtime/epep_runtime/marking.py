"""For tests: finds texts in templates and code that are not marked for translation.

What is found would stay English for every reader. Nothing here is imported by a service.
"""

import ast
import re
from collections.abc import Iterator
from html.parser import HTMLParser

from jinja2 import Environment, nodes

SAID_ALOUD = {"aria-label", "title", "placeholder", "alt", "aria-description"}
SAME_EVERYWHERE = re.compile(r"\bePEP\b|__Host-\w+")
MARKS = {"_", "N_", "gettext", "ngettext", "pgettext", "noted", "by_count"}
NOT_SHOWN = {"info", "warning", "error", "compile", "ValueError", "HTTPException"}
NOT_SHOWN |= {"Language", "add_vary_header"}
JINJA = re.compile(r"{#.*?#}|{%-?\s*trans\b.*?endtrans\s*-?%}|{%.*?%}|{{.*?}}", re.DOTALL)
HEADER_NAME = re.compile(r"[A-Z]\w*(-\w+)+")
SQL = re.compile(r"\s*(SELECT|INSERT INTO|UPDATE|DELETE FROM)\s")
CLASSES = re.compile(r"govuk-|epep-|moj-")
Found = tuple[int, str]
"""A line, counted from 1, and the text that begins there."""


def has_words(text: str) -> bool:
    """Tell whether something is left to translate besides names that are the same everywhere."""
    return bool(re.search(r"[^\W\d_]", SAME_EVERYWHERE.sub("", text)))


def is_sentence(text: str) -> bool:
    """Tell whether a constant in code is what somebody reads, and not a key or an address."""
    if not has_words(text) or HEADER_NAME.fullmatch(text) or CLASSES.search(text):
        return False
    if SQL.match(text):
        return False
    return bool(re.match(r"[A-Z“]", text) and re.search(r"[A-Z][a-z]|[a-z]{2}", text))


class _Words(HTMLParser):
    """Collects text and read-out attributes that have words, each with its line."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=False)
        self.found: list[Found] = []

    def handle_starttag(self, _tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name in SAID_ALOUD and value and has_words(value):
                self.found.append((self.getpos()[0], value))

    def handle_data(self, data: str) -> None:
        if has_words(data):
            before = data[: len(data) - len(data.lstrip())]
            self.found.append((self.getpos()[0] + before.count("\n"), data.strip()))


def unmarked_html(source: str) -> list[Found]:
    """Return the words of a template, HTML or plain, that stand outside of Jinja's marks."""
    words = _Words()
    words.feed(JINJA.sub(lambda match: "\n" * match[0].count("\n"), source))
    words.close()
    return words.found


def unmarked_expressions(env: Environment, source: str) -> Iterator[Found]:
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


def unmarked_python(source: str) -> Iterator[Found]:
    """Yield the texts of a module, docstrings aside, that no marking function is given."""
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
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
            continue
        if isinstance(node, ast.JoinedStr):
            parts = [each.value for each in node.values if isinstance(each, ast.Constant)]
            joined = "".join(map(str, parts))
            words = any(re.search(r"[a-z]{2} [a-z]|^[A-Z][a-z]+ ", str(each)) for each in parts)
            if words and not SQL.match(joined):
                yield node.lineno, joined
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
