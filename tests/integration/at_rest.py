"""Waiting until a whole system has come to rest, its mails with it."""

from __future__ import annotations

import asyncio

import asyncpg
from people import eventually

from epep_local.system import System

ON_ITS_WAY = "SELECT count(*) FROM outbox WHERE state IN ('waiting', 'claimed', 'sending')"


def wait_at_rest(system: System) -> None:
    """Wait until no event and no mail is on its way; call it where no event loop runs.

    A mail is no event on its way, and yet makes one when it is delivered: whoever compares what a
    system holds at two moments must have waited for its mails, too.
    """

    def mailed() -> bool:
        system.wait_quiet()
        return asyncio.run(_mails(system)) == 0

    eventually(mailed)
    system.wait_quiet()


async def _mails(system: System) -> int:
    connection = await asyncpg.connect(system.database_url("notification"))
    try:
        return int(await connection.fetchval(ON_ITS_WAY))
    finally:
        await connection.close()
