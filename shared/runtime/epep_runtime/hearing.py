"""Hearing a channel of PostgreSQL's NOTIFY, and knowing when one does not.

Whoever keeps in memory what a database said may do so only while it would hear that this has
changed. A connection that was lost says so; one that is silently gone does not, so it is asked.
"""

import asyncio
import contextlib
from collections.abc import Callable

import asyncpg
import structlog

from epep_runtime.postgres import DATABASE_FAULTS

log = structlog.get_logger()
RECONNECT_SECONDS = 1.0
ASK_SECONDS, ANSWER_SECONDS = 0.5, 1.0
"""A connection that is silently gone is noticed after these two at most."""


class Hearing:
    """One channel: `told` is called with what is said on it, `missed` when something may have been.

    `now` tells whether everything is heard at this moment. `missed` is called at each loss and,
    before `now` is true again, after each connecting.
    """

    def __init__(
        self, url: str, channel: str, told: Callable[[str], None], missed: Callable[[], None]
    ) -> None:
        self._url, self._channel, self._told, self._missed = url, channel, told, missed
        self.now = False

    async def run(self) -> None:
        """Listen until cancelled; connect again where the connection is lost."""
        while True:
            try:
                await self._until_lost()
            except DATABASE_FAULTS as error:
                log.warning(
                    "not hearing, so nothing is kept in memory",
                    channel=self._channel,
                    error=type(error).__name__,
                )
            finally:
                self.now = False
                self._missed()
            await asyncio.sleep(RECONNECT_SECONDS)

    async def _until_lost(self) -> None:
        lost = asyncio.Event()
        connection = await asyncpg.connect(
            self._url, server_settings={"application_name": f"epep hears {self._channel}"}
        )
        try:
            connection.add_termination_listener(lambda _: lost.set())
            await connection.add_listener(
                self._channel, lambda _connection, _pid, _channel, said: self._told(str(said))
            )
            self._missed()
            self.now = True
            while not lost.is_set():
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(lost.wait(), ASK_SECONDS)
                    return
                await asyncio.wait_for(connection.fetchval("SELECT 1"), ANSWER_SECONDS)
        finally:
            self.now = False
            with contextlib.suppress(*DATABASE_FAULTS):
                await connection.close(timeout=1)
