"""A process that starts while its database restarts waits for it, instead of dying of it."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import asyncpg
import structlog

from epep_runtime.postgres import DATABASE_AWAY

log = structlog.get_logger()
T = TypeVar("T")
PATIENCE_SECONDS, PAUSE_SECONDS = 30.0, 0.5
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
