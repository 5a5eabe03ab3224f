"""`epepctl rebuild`: build a read model of a service again, from the first event on."""

import re
import sys
from collections import deque
from collections.abc import Mapping, Sequence

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    ProgressColumn,
    Task,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from epepctl.problem import ToolError
from epepctl.progressing import run_with_progress

CHOICES = re.compile(r"invalid choice: '(.*)' \(choose from (.*)\)")
USAGE_STATUS = 2


class Rate(ProgressColumn):
    """How many events a second, of late."""

    def render(self, task: Task) -> Text:
        """Return the rate, or nothing before it is known."""
        return Text(f"{task.speed:,.0f}/s" if task.speed else "")


def rebuild(
    name: str,
    read_model: str,
    command: Sequence[str],
    environment: Mapping[str, str],
    console: Console,
    options: Sequence[str] = (),
) -> None:
    """Run the service's own rebuild and show how far it is. Raises ToolError where it fails.

    `command` is what runs the service's module, to which `rebuild NAME` and `options` are added.
    What the service says beside its progress is shown at the end.
    """
    columns = (
        TextColumn(f"Rebuilding {read_model} of {name}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("events"),
        Rate(),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
    )
    said: deque[str] = deque(maxlen=8)
    asked = [*command, "rebuild", read_model, *options]
    status = run_with_progress(asked, environment, columns, console, said.append)
    if status:
        raise _failure(name, read_model, status, "\n".join(said))
    for line in said if options else ():
        console.print(line, markup=False, highlight=False)
    if not options:
        console.print(f"{read_model} of {name} is rebuilt.", markup=False, highlight=False)


def _failure(name: str, read_model: str, status: int, said: str) -> ToolError:
    choices = CHOICES.search(said)
    if status == USAGE_STATUS and choices:
        known = choices.group(2).replace("'", "")
        return ToolError(f"{name} has no read model {read_model!r}. It has: {known}.", 2)
    return ToolError(f"{read_model} of {name} could not be rebuilt:\n{said}")


def python_module(module: str) -> list[str]:
    """Return the command that runs a service's module with this Python."""
    return [sys.executable, "-m", module]
