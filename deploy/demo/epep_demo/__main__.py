"""`python -m epep_demo accounts | files | load`."""

import argparse
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from epep_demo.authority_files import write_files
from epep_demo.banks import bank
from epep_demo.cast import AUTHORITIES, PASSWORD, Person, everybody, setting
from epep_demo.children import children_of
from epep_demo.loading.addresses import from_environment
from epep_demo.loading.load import run
from epep_demo.loading.problem import LoadError


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser("epep_demo", description="Made-up people, files and PEPs.")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("load", help="load the demo through the services' APIs")
    every = commands.add_parser("accounts", help="print who can log in, and how")
    every.add_argument("--all", action="store_true", help="everybody, not one for each role")
    files = commands.add_parser("files", help="write an authority's files of any size")
    files.add_argument("--authority", choices=AUTHORITIES, required=True)
    files.add_argument("--children", type=int, default=60)
    files.add_argument("--episodes", type=int, help="in all; half as many again without it")
    files.add_argument("folder", type=Path)
    return parser.parse_args(argv)


def _interest(person: Person) -> int:
    """Rank people who see most: children of two authorities, then those of a secondary school."""
    secondary = person.setting is not None and setting(person.setting).phase == "secondary"
    return 2 * len(person.grants) + secondary


def accounts(*, every: bool) -> str:
    """Return a table of role, authority, e-mail address and password."""
    chosen: dict[str, Person] = {}
    for person in sorted(everybody(), key=_interest, reverse=True):
        key = person.email if every else f"{person.authority} {person.role}"
        chosen.setdefault(key, person)
    rows = [("ROLE", "AUTHORITY", "EMAIL", "PASSWORD")]
    order = {person.email: place for place, person in enumerate(everybody())}
    for person in sorted(chosen.values(), key=lambda p: order[p.email]):
        authority = f"{person.authority} {bank('authorities')[person.authority]['name']}"
        rows.append((person.role.replace("_", " "), authority, person.email, PASSWORD))
    widths = [max(len(row[i]) for row in rows) for i in range(4)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    )


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return the exit code."""
    told = _arguments(argv)
    today = datetime.now(UTC).astimezone(ZoneInfo("Europe/London")).date()
    try:
        if told.command == "accounts":
            print(accounts(every=told.all))
        elif told.command == "files":
            children = children_of(told.authority, today, told.children, told.episodes)
            for path in write_files(children, told.folder):
                print(path)
        else:
            return run(from_environment(), today)
    except (LoadError, ValueError, OSError) as error:
        print(f"epep_demo: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
