"""`python -m web_portal.translating`: collect what is to translate, update the catalogues.

Writes `locale/messages.pot` from the templates and the code, and merges it into each language's
`messages.po`: what is translated stays, what is new is blank, what has changed a little is marked
fuzzy and not shown before somebody has looked at it. There is nothing to compile: the portal reads
the `.po` files of the languages that are switched on when it starts.
"""

import io
import sys
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.pofile import read_po, write_po

from web_portal.web.language import LOCALES, catalogue_of

PACKAGE = Path(__file__).parent
TEMPLATE = LOCALES / "messages.pot"
METHODS = [("**/templates/**.html", "jinja2"), ("**.py", "python")]
OPTIONS = {
    "**/templates/**.html": {"trimmed": "true", "silent": "false", "newstyle_gettext": "true"}
}
KEYWORDS = {**DEFAULT_KEYWORDS, "by_count": (1, 2)}
HEADER = """\
# The texts of ePEP's portal. English is the text itself.
# Made by `make messages` from templates and code: do not change by hand."""


def collect() -> Catalog:
    """Return every text that is marked in the templates and in the code, with its files."""
    found = _blank(header_comment=HEADER)
    for name, _line, message, comments, context in extract_from_dir(
        PACKAGE, METHODS, OPTIONS, KEYWORDS
    ):
        found.add(message, None, [(name, 0)], auto_comments=comments, context=context)
    return found


def _blank(code: str | None = None, **more: str) -> Catalog:
    about = {"project": "ePEP portal", "version": "1", "copyright_holder": "the ePEP project"}
    return Catalog(locale=code, fuzzy=False, **(about | more))


def as_text(catalogue: Catalog) -> str:
    """Return a catalogue as its file holds it, without what changes by itself (lines, dates)."""
    written = io.BytesIO()
    write_po(written, catalogue, width=100, sort_by_file=True, include_lineno=False)
    lines = written.getvalue().decode().splitlines(keepends=True)
    return "".join(line for line in lines if not line.startswith('"POT-Creation-Date'))


def translated(code: str) -> Catalog:
    """Return a language's catalogue; a blank one for a language that has none yet."""
    path = catalogue_of(code)
    if not path.exists():
        return _blank(code, header_comment=f"# ePEP's portal: translation ({code}).")
    with path.open("rb") as file:
        return read_po(file, locale=code)


def merged(code: str, template: Catalog) -> Catalog:
    """Return a language's catalogue with exactly the texts that there are now."""
    catalogue = translated(code)
    catalogue.update(template)
    return catalogue


def mistakes(catalogue: Catalog) -> list[str]:
    """Return what is wrong with translations: places for values that are missing or made up."""
    found = [each for each in catalogue if each.id and is_translated(each)]
    return [f"{each.id}: {error}" for each in found for error in each.check(catalogue)]


def is_translated(message: Message) -> bool:
    """Tell whether a message has a translation, all its plural forms included."""
    forms = message.string if isinstance(message.string, (list, tuple)) else [message.string]
    return all(forms)


def main(new: list[str]) -> int:
    """Write the template and every catalogue, also those of the `new` languages named."""
    template = collect()
    TEMPLATE.write_text(as_text(template))
    known = {each.parent.parent.name for each in LOCALES.glob("*/*/messages.po")}
    wrong: list[str] = []
    for code in sorted(known | set(new)):
        catalogue = merged(code, template)
        catalogue_of(code).parent.mkdir(parents=True, exist_ok=True)
        catalogue_of(code).write_text(as_text(catalogue))
        done = sum(is_translated(each) for each in catalogue if each.id)
        sys.stdout.write(f"{code}: {done} of {len(catalogue)} texts are translated\n")
        wrong += [f"{code}: {each}" for each in mistakes(catalogue)]
    sys.stderr.writelines(f"{each}\n" for each in wrong)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
