"""`epepctl import-children`: an authority's files, checked and imported over the services' API."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from epepctl.api import Api
from epepctl.problem import ToolError

SHOWN = 20
LOOK_SECONDS = 0.3


@dataclass(frozen=True, slots=True)
class Order:
    """What the operator asked for; `problems` is where all problems are to be written."""

    authority: str
    header: Path
    episodes: Path
    people: Path | None
    check_only: bool = False
    problems: Path | None = None


def import_children(api: Api, order: Order, console: Console, agreed: Callable[[str], bool]) -> int:
    """Check the files, show the result, import after agreement.

    Returns the exit status: 1 where a child was refused or the import failed. Raises ToolError.
    """
    with console.status("Checking the files"):
        found = api.post(f"/imports?authority={order.authority}", files=_files(order))
    _show(console, found)
    if order.problems:
        _write(order.problems, api.get_bytes(f"/imports/{found['import_id']}/problems.csv"))
        console.print(f"All problems are in {order.problems}", markup=False)
    refused = 1 if found["counts"]["refused"] or not found["total"] else 0
    if order.check_only:
        return refused
    if not found["total"]:
        raise ToolError("Nothing was imported: no child of these files can be used.")
    counts = found["counts"]
    if not counts["new"] + counts["changed"]:
        console.print("Everything is known already: there is nothing to import.")
        return refused
    question = f"Import {_children(counts['new'])} as new and {counts['changed']} as changed?"
    if not agreed(question):
        raise ToolError("Nothing was imported.")
    done = _run(api, found["import_id"], console)
    return 1 if done["counts"]["refused"] else 0


def _files(order: Order) -> dict[str, tuple[str, bytes, str]]:
    paths = {"header": order.header, "episodes": order.episodes, "people": order.people}
    return {
        name: (f"{name}.csv", _read(path), "text/csv") for name, path in paths.items() if path
    }  # fmt: skip


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ToolError(f"{path} cannot be read: {error.strerror}.", 2) from None


def _write(path: Path, data: bytes) -> None:
    try:
        path.write_bytes(data)
    except OSError as error:
        raise ToolError(f"{path} cannot be written: {error.strerror}.", 2) from None


def _show(console: Console, found: dict[str, Any]) -> None:
    counts = found["counts"]
    console.print(
        f"{counts['new']} new, {counts['changed']} changed, {counts['unchanged']} unchanged, "
        f"{counts['refused']} refused"
    )
    if not found["problem_count"]:
        return
    table = Table("File", "Line", "Column", "Value", "Reason", "")
    for each in found["problems"][:SHOWN]:
        style = "red" if each["severity"] == "error" else "yellow"
        line = str(each["line"]) if each["line"] else "–"
        cells = [each["file"], line, each["column"], each["value"], each["reason"]]
        table.add_row(*(Text(cell) for cell in cells), Text(each["severity"], style))
    console.print(table)
    if found["problem_count"] > SHOWN:
        console.print(
            f"… and {found['problem_count'] - SHOWN} more (--problems FILE writes all of them)"
        )


def _run(api: Api, import_id: str, console: Console) -> dict[str, Any]:
    started = time.monotonic()
    found: dict[str, Any] = api.post(f"/imports/{import_id}/run", json={})
    columns = (
        TextColumn("Importing"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console) as progress:
        bar = progress.add_task("", total=found["total"])
        while found["state"] == "importing":
            progress.update(bar, completed=found["done"])
            time.sleep(LOOK_SECONDS)
            found = api.get(f"/imports/{import_id}")
        progress.update(bar, completed=found["done"])
    if found["state"] != "imported":
        raise ToolError(
            f"The import stopped after {found['done']} of {found['total']} children; what is done"
            " stays. Look at the log of pep, then import the same files again."
        )
    seconds = time.monotonic() - started
    console.print(f"Imported {_children(found['done'])} in {seconds:.1f} s.", highlight=False)
    return found


def _children(number: int) -> str:
    return "1 child" if number == 1 else f"{number} children"
