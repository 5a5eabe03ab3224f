"""`python -m notification_service.translating`: collect what mails and messages say.

Further languages are begun by naming their codes. What a mail says in an authority's own words is
in its profile and in no catalogue.
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import yaml

from epep_runtime.translating import JINJA, Collection

READ_BY_PEOPLE = ("label", "hint", "reason")
"""The entries of `kinds.yaml` that are texts."""


def texts_of_kinds(
    file: BinaryIO,
    keywords: Any,  # noqa: ARG001 - what Babel gives to each that reads files
    tags: Any,  # noqa: ARG001
    options: Any,  # noqa: ARG001
) -> Iterator[tuple[int, None, str, list[str]]]:
    """Yield the texts of `kinds.yaml`, as Babel asks for them."""
    for group in yaml.safe_load(file).values():
        for each in group:
            for name in READ_BY_PEOPLE:
                if name in each:
                    yield 0, None, each[name], []


TEXTS = Collection(
    name="mails and messages",
    folder=Path(__file__).parent,
    methods=[
        ("**/templates/mail.*", "jinja2"),
        ("**/kinds.yaml", "notification_service.translating:texts_of_kinds"),
        ("**.py", "python"),
    ],
    options={"**/templates/mail.*": JINJA},
)

if __name__ == "__main__":
    sys.exit(TEXTS.write(sys.argv[1:]))
