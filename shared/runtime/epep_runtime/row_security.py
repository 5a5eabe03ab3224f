"""Row security by authority: what a request may see at most, whatever its queries forget.

Each connection that a request takes from the pool is told the authorities which the person has to
do with; PostgreSQL's policies (`epep_access/sql/0003_row_security.sql`) then show no row of any
other. Relay, projectors, reactors and workers speak for nobody and see everything.
"""

from collections.abc import Iterable
from contextvars import ContextVar
from typing import Any

import asyncpg

from epep_runtime.postgres import Connection, Pool

SEEN: ContextVar[frozenset[str] | None] = ContextVar("authorities_seen", default=None)
"""The authorities of the request under way; None outside of requests."""

TELL = "SELECT set_config('epep.authorities', $1, false)"


def _told(seen: frozenset[str]) -> str:
    return ",".join(sorted(seen)) or "none"


def see_only(authorities: Iterable[str]) -> None:
    """Let the rest of this request see rows of these authorities only."""
    SEEN.set(frozenset(authorities))


async def see_also(database: Pool | Connection, authorities: Iterable[str]) -> None:
    """Let the rest of this request see rows of these authorities, too: a check has allowed it.

    It counts at once for `database`, where that is a connection, and for those taken later.
    """
    seen = SEEN.get()
    wanted = frozenset(authorities)
    if seen is None or wanted <= seen:
        return
    SEEN.set(seen | wanted)
    if not isinstance(database, asyncpg.Pool):
        await tell(database)


async def tell(connection: Connection) -> None:
    """Tell a connection what the request under way may see; nothing outside of requests."""
    seen = SEEN.get()
    if seen is not None:
        await connection.fetchval(TELL, _told(seen))


async def on_acquire(connection: Any) -> None:
    """For the pool's `setup`; asyncpg takes the setting back when the connection is released."""
    await tell(connection)
