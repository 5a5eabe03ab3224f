"""Row security by authority: what a request may see at most, whatever its queries forget.

Each connection that a request takes from the pool is told the authorities which the person has to
do with; PostgreSQL's policies (`epep_access/sql/0003_row_security.sql`) then show no row of any
other. Relay, projectors, reactors and workers speak for nobody and see everything.
"""

from collections.abc import Iterable
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import asyncpg

from epep_runtime.postgres import Connection, Pool

SEEN: ContextVar[frozenset[str] | None] = ContextVar("authorities_seen", default=None)
"""The authorities of the request under way; None outside of requests."""

TELL = "SELECT set_config('epep.authorities', $1, false)"
EVERYTHING, UNKNOWN = "", "?"


@dataclass(slots=True)
class Told:
    """What a connection has been told last; the pool's proxies let it be read, not replaced."""

    authorities: str = EVERYTHING


class Telling(asyncpg.Connection[asyncpg.Record] if TYPE_CHECKING else asyncpg.Connection):  # type: ignore[misc]
    """A connection that knows what it has been told."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.told = Told()


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
        await _say(connection, _told(seen))


async def _say(connection: Any, authorities: str) -> None:
    # Of what a transaction says nobody knows afterwards whether it was taken back.
    connection.told.authorities = UNKNOWN
    await connection.fetchval(TELL, authorities)
    if not connection.is_in_transaction():
        connection.told.authorities = authorities


async def on_acquire(connection: Any) -> None:
    """For the pool's `setup`: say what may be seen, where the connection does not know it yet."""
    seen = SEEN.get()
    wanted = EVERYTHING if seen is None else _told(seen)
    if connection.told.authorities != wanted:
        await _say(connection, wanted)


async def on_release(connection: Any) -> None:
    """For the pool's `reset`: leave nothing of the machinery's on a connection.

    A request leaves nothing on it but what it may see, which whoever comes next says anew: it
    takes locks of transactions only, and sets nothing else.
    """
    if connection.told.authorities == EVERYTHING:
        await connection.execute(connection.get_reset_query())
