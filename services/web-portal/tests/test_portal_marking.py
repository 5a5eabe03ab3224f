"""Every text that people read is marked for translation, and the catalogues have it.

What is found here would stay English for a Welsh reader. How to mark a text:
services/web-portal/README.md, "Languages".
"""

import re
from pathlib import Path

import pytest
from jinja2 import Environment

from epep_runtime.marking import is_sentence, unmarked_expressions, unmarked_html, unmarked_python
from epep_runtime.translating import mistakes
from web_portal import translating
from web_portal.web.language import known_languages

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


def test_the_catalogues_are_current_and_keep_their_places_for_values() -> None:
    assert not translating.TEXTS.outdated(), "run `make messages` and commit what it writes"
    for code in known_languages()[1:]:
        assert not mistakes(translating.TEXTS.translated(code))
