"""Collects what is to translate out of one part, and updates its catalogues (`make messages`).

Writes `locale/messages.pot` from the templates and the code, and merges it into each language's
`messages.po`: what is translated stays, what is new is blank, what has changed a little is marked
fuzzy and not shown before somebody has looked at it. There is nothing to compile: the `.po` files
are read when a process starts.
"""

import io
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.pofile import read_po, write_po

from epep_runtime.language import catalogue_in

JINJA = {"trimmed": "true", "silent": "false", "newstyle_gettext": "true"}
Method = tuple[str, str]
"""A pattern of paths, and the name of what Babel reads such files with."""


@dataclass(frozen=True, slots=True)
class Collection:
    """The texts of one part; `name` is the part's ("portal"), `folder` its package's.

    The first of `methods` that fits a file is taken; `keywords` mark texts besides gettext's own.
    """

    name: str
    folder: Path
    methods: Sequence[Method]
    options: Mapping[str, Mapping[str, str]]
    keywords: Mapping[str, Any] = field(default_factory=dict)

    @property
    def locales(self) -> Path:
        """Return the folder of the catalogues."""
        return self.folder / "locale"

    @property
    def template(self) -> Path:
        """Return the file of all texts, from which each language's is made."""
        return self.locales / "messages.pot"

    def collect(self) -> Catalog:
        """Return every text that is marked in the templates and in the code, with its files."""
        return self.collect_from([self.folder])

    def collect_from(self, folders: Sequence[Path]) -> Catalog:
        """Return every text that is marked in these folders; several are named with each file."""
        header = (
            f"# The texts of ePEP's {self.name}. English is the text itself.\n"
            "# Made by `make messages` from templates and code: do not change by hand."
        )
        found = self._blank(header_comment=header)
        keywords = {**DEFAULT_KEYWORDS, **self.keywords}
        options = {pattern: dict(told) for pattern, told in self.options.items()}
        for folder in folders:
            before = f"{folder.name}/" if len(folders) > 1 else ""
            for name, _line, message, comments, context in extract_from_dir(
                folder, list(self.methods), options, keywords
            ):
                place = [(before + name, 0)]
                found.add(message, None, place, auto_comments=comments, context=context)
        return found

    def _blank(self, code: str | None = None, **more: str) -> Catalog:
        project = f"ePEP {self.name}"
        about = {"project": project, "version": "1", "copyright_holder": "the ePEP project"}
        return Catalog(locale=code, fuzzy=False, **(about | more))

    def translated(self, code: str) -> Catalog:
        """Return a language's catalogue; a blank one for a language that has none yet."""
        path = catalogue_in(self.locales, code)
        if not path.exists():
            return self._blank(code, header_comment=f"# ePEP's {self.name}: translation ({code}).")
        with path.open("rb") as file:
            return read_po(file, locale=code)

    def merged(self, code: str, template: Catalog) -> Catalog:
        """Return a language's catalogue with exactly the texts that there are now."""
        catalogue = self.translated(code)
        catalogue.update(template)
        return catalogue

    def write(self, new: Sequence[str]) -> int:
        """Write the template and every catalogue, also those of the `new` languages named.

        Says how much is translated. Returns 1 where a translation's places for values are wrong.
        """
        template = self.collect()
        self.template.parent.mkdir(parents=True, exist_ok=True)
        self.template.write_text(as_text(template))
        known = {each.parent.parent.name for each in self.locales.glob("*/*/messages.po")}
        wrong: list[str] = []
        for code in sorted(known | set(new)):
            catalogue = self.merged(code, template)
            path = catalogue_in(self.locales, code)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(as_text(catalogue))
            done = sum(is_translated(each) for each in catalogue if each.id)
            total = len(catalogue)
            sys.stdout.write(f"{self.name}, {code}: {done} of {total} texts are translated\n")
            wrong += [f"{code}: {each}" for each in mistakes(catalogue)]
        sys.stderr.writelines(f"{each}\n" for each in wrong)
        return 1 if wrong else 0

    def outdated(self) -> list[Path]:
        """Return the files that `make messages` would change."""
        template = self.collect()
        files = {self.template: as_text(template)}
        for path in self.locales.glob("*/LC_MESSAGES/messages.po"):
            files[path] = as_text(self.merged(path.parent.parent.name, template))
        return [path for path, text in files.items() if path.read_text() != text]


def as_text(catalogue: Catalog) -> str:
    """Return a catalogue as its file holds it, without what changes by itself (lines, dates)."""
    written = io.BytesIO()
    write_po(written, catalogue, width=100, sort_by_file=True, include_lineno=False)
    lines = written.getvalue().decode().splitlines(keepends=True)
    return "".join(line for line in lines if not line.startswith('"POT-Creation-Date'))


def mistakes(catalogue: Catalog) -> list[str]:
    """Return what is wrong with translations: places for values that are missing or made up."""
    found = [each for each in catalogue if each.id and is_translated(each)]
    return [f"{each.id}: {error}" for each in found for error in each.check(catalogue)]


def is_translated(message: Message) -> bool:
    """Tell whether a message has a translation, all its plural forms included."""
    forms = message.string if isinstance(message.string, (list, tuple)) else [message.string]
    return all(forms)
