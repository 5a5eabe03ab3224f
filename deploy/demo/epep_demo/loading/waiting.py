"""Waiting for what follows from an event: soon, but not at once."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

from epep_demo.loading.problem import LoadError

T = TypeVar("T")


async def eventually(what: str, look: Callable[[], Awaitable[T | None]], patience: float = 60) -> T:
    """Look until there is something, and return it.

    Raises LoadError that says `what` did not come within `patience` seconds.
    """
    ends = time.monotonic() + patience
    pause = 0.1
    while True:
        found = await look()
        if found is not None:
            return found
        if time.monotonic() > ends:
            raise LoadError(f"Waited {patience:.0f} seconds in vain: {what}.")
        await asyncio.sleep(pause)
        pause = min(pause * 1.5, 0.5)
