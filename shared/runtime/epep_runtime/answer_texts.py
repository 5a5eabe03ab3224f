"""`python -m epep_runtime.answer_texts`: collect what the services answer, update the catalogues.

It reads the packages of the services, so it runs in the repository only (`make messages`). Further
languages are begun by naming their codes.
"""

import sys
from dataclasses import dataclass
from pathlib import Path

from babel.messages.catalog import Catalog

from epep_runtime.translating import Collection

PACKAGE = Path(__file__).parent
SHARED = PACKAGE.parents[1]
WORDED_ELSEWHERE = {"notification_service", "web_portal"}
"""Packages of services that have catalogues of their own."""


def packages() -> list[Path]:
    """Return the folders of the packages whose answers stand in the catalogue."""
    services = SHARED.parent / "services"
    found = [each.parent for each in services.glob("*/*/main.py")]
    own = [each for each in found if each.name not in WORDED_ELSEWHERE]
    return [*sorted(own), SHARED / "access" / "epep_access", PACKAGE]


@dataclass(frozen=True, slots=True)
class Answers(Collection):
    """The texts of several packages in one catalogue; `folder` is the one that has it."""

    def collect(self) -> Catalog:
        """Return every text that is marked in one of the packages, with its files."""
        return self.collect_from(packages())


TEXTS = Answers(name="services", folder=PACKAGE, methods=[("**.py", "python")], options={})


if __name__ == "__main__":
    sys.exit(TEXTS.write(sys.argv[1:]))
