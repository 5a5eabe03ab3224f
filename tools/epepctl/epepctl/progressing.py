"""Running a service's own command that says how far it is, as a bar on the operator's screen."""

import re
import subprocess
from collections.abc import Callable, Mapping, Sequence

from rich.console import Console
from rich.progress import Progress, ProgressColumn

PROGRESS = re.compile(r"^(\d+) (\d+)$")


def run_with_progress(
    command: Sequence[str],
    environment: Mapping[str, str],
    columns: Sequence[ProgressColumn],
    console: Console,
    say: Callable[[str], object],
) -> int:
    """Run it and return its exit status. Lines `<done> <total>` move the bar, others go to `say`.

    An interruption ends the command, too.
    """
    with subprocess.Popen(  # noqa: S603 - a service's own module
        list(command),
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
                        say(line.rstrip())
        except BaseException:
            process.terminate()
            raise
    return process.returncode
