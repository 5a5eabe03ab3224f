"""Throw away what nobody needs any more: old log-ins, counters and sessions."""

import asyncio
from datetime import timedelta

import structlog

from epep_runtime.postgres import DATABASE_FAULTS
from epep_runtime.service import Running

log = structlog.get_logger()
EVERY_SECONDS = 3600.0
KEPT = {
    "DELETE FROM logins WHERE started_at < $1": timedelta(days=2),
    "DELETE FROM throttles WHERE touched_at < $1": timedelta(days=2),
    "DELETE FROM sessions WHERE started_at < $1": timedelta(days=30),
    "DELETE FROM answers_once WHERE at < $1": timedelta(days=1),
    "DELETE FROM links WHERE expires_at < $1": timedelta(days=1),
    "DELETE FROM devices WHERE last_used_at < $1": timedelta(days=180),
    "DELETE FROM factors WHERE confirmed_at IS NULL AND made_at < $1": timedelta(days=1),
}
"""Longer than any of them can matter; what happened stays in the events."""


async def tidy(running: Running) -> None:
    """Delete what is too old to matter."""
    now = running.store.clock()
    for statement, age in KEPT.items():
        await running.pool.execute(statement, now - age)


async def keep_tidy(running: Running) -> None:
    """Tidy once an hour, until cancelled; a database that is away is tried again next time."""
    while True:
        try:
            await tidy(running)
        except DATABASE_FAULTS as error:
            log.warning("not tidied, will try again", error=type(error).__name__)
        await asyncio.sleep(EVERY_SECONDS)
