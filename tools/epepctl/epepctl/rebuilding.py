"""`epepctl rebuild`: build a read model of a service again, from the first event on."""

import re
import subprocess
import sys
from collections import deque
from collections.abc import Mapping, Sequence

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from epepctl.problem import ToolError

PROGRESS = re.compile(r"^(\d+) (\d+)$")
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
    with subprocess.Popen(  # noqa: S603 - a service's own module
        [*command, "rebuild", read_model, *options],
        env=dict(environment),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    ) as process:
        assert process.stdout is not None
        try:
            with Progress(*columns, console=console) as progress:
                bar = progress.add_task("", total=None)
                for line in process.stdout:
                    match = PROGRESS.match(line.strip())
                    if match:
                        done, total = map(int, match.groups())
                        progress.update(bar, completed=done, total=total)
                    else:
                        said.append(line.rstrip())
        except BaseException:
            process.terminate()
            raise
    if process.returncode:
        raise _failure(name, read_model, process.returncode, "\n".join(said))
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
