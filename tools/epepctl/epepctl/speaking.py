"""Problems told as sentences on standard error with an exit status, not as tracebacks."""

from collections.abc import Iterator
from contextlib import contextmanager

import typer
from rich.console import Console

from epep_local.problem import LocalError
from epepctl.problem import ToolError


@contextmanager
def speaking() -> Iterator[None]:
    """Turn what a command raises into a sentence and an exit status."""
    try:
        yield
    except ToolError as problem:
        _say(str(problem))
        raise typer.Exit(problem.status) from None
    except LocalError as problem:
        _say(str(problem))
        raise typer.Exit(2) from None
    except KeyboardInterrupt:
        _say("Stopped. An import that was started goes on in the background.")
        raise typer.Exit(130) from None


def _say(text: str) -> None:
    Console(stderr=True, highlight=False, soft_wrap=True).print(text, markup=False)
