"""Telling the person what happens: with colour on a terminal, plain lines otherwise."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.table import Table


class Voice:
    """Says each step when it begins, and how long it took when it ends."""

    def __init__(self, console: Console | None = None) -> None:
        self.console = console or Console(highlight=False, soft_wrap=True)

    def say(self, text: str) -> None:
        """One line."""
        self.console.print(text, markup=False)

    def table(self, table: Table) -> None:
        """A table."""
        self.console.print(table, soft_wrap=False)

    @contextmanager
    def step(self, text: str) -> Iterator[None]:
        """Something that takes a while."""
        began = time.monotonic()
        if not self.console.is_terminal:
            self.say(f"{text} …")
            yield
            return
        with self.console.status(text):
            yield
        self.console.print(f"[green]✓[/green] {text} [dim]({time.monotonic() - began:.1f} s)[/dim]")
