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

STALLED_TRANSACTION = "15s"
"""An open transaction holds the relay back, so the server ends one that does nothing this long."""


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
    """Open a pool of at most `size` connections; jsonb columns are Python values."""
    return await asyncpg.create_pool(
        url,
        min_size=1,
        max_size=size,
        init=_prepare,
        command_timeout=60,
        server_settings={
            "idle_in_transaction_session_timeout": STALLED_TRANSACTION,
            "timezone": "UTC",
            "application_name": "epep",
        },
    )
