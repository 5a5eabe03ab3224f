"""Connections to the service's own PostgreSQL database."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

import asyncpg
import orjson

if TYPE_CHECKING:
    from asyncpg.pool import PoolConnectionProxy

    Pool: TypeAlias = asyncpg.Pool[asyncpg.Record]
    Connection: TypeAlias = asyncpg.Connection[asyncpg.Record] | PoolConnectionProxy[asyncpg.Record]
else:
    Pool = asyncpg.Pool
    Connection = Any

DATABASE_AWAY = (asyncpg.InterfaceError, asyncpg.InternalClientError, OSError)
"""How a lost connection shows: also as the client's own confusion in the middle of a request."""

DATABASE_FAULTS = (asyncpg.PostgresError, *DATABASE_AWAY)
"""Whatever the database or the way to it can do to a worker, which then goes on later."""

DATABASE_UNAVAILABLE = (
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.TooManyConnectionsError,
    asyncpg.IdleInTransactionSessionTimeoutError,
    ConnectionError,
)
"""What a request meets that may well succeed when it is sent again in a moment."""

STALLED_TRANSACTION = "15s"
"""An open transaction holds the relay back, so the server ends one that does nothing this long."""

LONGEST_TRANSACTION = "60s"
"""It ends one that works this long, too (PostgreSQL 17 and later); see `take_long`."""


JSONB_VERSION = b"\x01"
"""What jsonb begins with on the wire."""


async def _prepare(connection: Any) -> None:
    # In the binary format, which COPY needs.
    await connection.set_type_codec(
        "jsonb",
        schema="pg_catalog",
        encoder=lambda value: JSONB_VERSION + orjson.dumps(value),
        decoder=lambda data: orjson.loads(data[1:]),
        format="binary",
    )


async def open_pool(url: str, size: int = 10) -> Pool:
    """Open a pool of at most `size` connections; jsonb columns are Python values.

    No transaction on them stays open for ever: see the two limits above.
    """
    settings = {
        "idle_in_transaction_session_timeout": STALLED_TRANSACTION,
        "transaction_timeout": LONGEST_TRANSACTION,
        "timezone": "UTC",
        "application_name": "epep",
    }
    try:
        return await _open(url, size, settings)
    except asyncpg.UndefinedObjectError:  # PostgreSQL 16 and before know no transaction_timeout
        del settings["transaction_timeout"]
        return await _open(url, size, settings)


async def _open(url: str, size: int, settings: dict[str, str]) -> Pool:
    from epep_runtime.row_security import Telling, on_acquire, on_release

    return await asyncpg.create_pool(
        url,
        min_size=1,
        max_size=size,
        connection_class=Telling,
        init=_prepare,
        setup=on_acquire,
        reset=on_release,
        command_timeout=60,
        server_settings=settings,
    )


async def take_long(connection: Connection) -> None:
    """Let this transaction take its time.

    It must only read, as such a one holds nobody back, or fill a database that nobody uses yet.
    """
    await connection.execute(
        "SELECT set_config(name, '0', true) FROM pg_settings WHERE name = 'transaction_timeout'"
    )
