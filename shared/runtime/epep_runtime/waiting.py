"""Waiting for what must come: a database that restarts, the end of a task that was cancelled."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import asyncpg
import structlog

from epep_runtime.postgres import DATABASE_AWAY

log = structlog.get_logger()
T = TypeVar("T")
PATIENCE_SECONDS, PAUSE_SECONDS = 30.0, 0.5
AGAIN_SECONDS = 5.0
NOT_THERE = (asyncpg.PostgresConnectionError, asyncpg.OperatorInterventionError, *DATABASE_AWAY)


async def when_there(step: Callable[[], Awaitable[T]]) -> T:
    """Do a step of starting, again and again while the database is away, for half a minute.

    A platform restarts what dies, but later each time: minutes after a short absence of the
    database, services would still be down. Raises what the step raised last, and at once what is
    not the database's absence: a wrong address, password or name.
    """
    until = asyncio.get_running_loop().time() + PATIENCE_SECONDS
    while True:
        try:
            return await step()
        except asyncpg.ClientConfigurationError:
            raise
        except NOT_THERE as error:
            if asyncio.get_running_loop().time() >= until:
                raise
            log.warning("waiting for the database", error=type(error).__name__)
            await asyncio.sleep(PAUSE_SECONDS)


async def ended(task: "asyncio.Task[Any]") -> None:
    """Cancel a task and return once it has ended, however it did.

    Kafka's client swallows a cancellation that reaches it while it closes, and the task would go
    on for ever, with somebody waiting for it. So it is cancelled again, but not so soon that what
    it does at its end is cut short.
    """
    while not task.done():
        task.cancel()
        await asyncio.wait([task], timeout=AGAIN_SECONDS)
    _ = task.cancelled() or task.exception()


async def comes_within(event: asyncio.Event, seconds: float) -> bool:
    """Wait so long for an event at most; tell whether it has come."""
    try:
        return await asyncio.wait_for(event.wait(), seconds)
    except TimeoutError:
        return False


def told_to_end() -> bool:
    """Tell whether this task was cancelled, also where what it called has swallowed that."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
