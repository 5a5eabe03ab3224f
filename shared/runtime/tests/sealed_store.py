"""A real event table with signed roots, for the tests of what proves it."""

import secrets
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson
from counting import COUNTER, cause, submitted

from epep_runtime.event_store import EventStore
from epep_runtime.ids import new_id
from epep_runtime.postgres import Pool
from epep_runtime.proof.exporting import export_log, seal_everything
from epep_runtime.proof.folder import Export

SECRET = secrets.token_bytes(32)


async def grow(pool: Pool, store: EventStore, key: UUID, version: int, events: int) -> int:
    """Append so many events to a stream; return its version."""
    async with pool.acquire() as connection, connection.transaction():
        said = [submitted(key, f"Zoë’s {version + n} ½") for n in range(events)]
        stream = COUNTER.stream(key)
        return await store.append(connection, stream, version, said, cause(), about=key)


async def some_store(pool: Pool, store: EventStore) -> list[UUID]:
    """Three streams under two roots, and an event that no root is over."""
    keys = [new_id() for _ in range(3)]
    for key in keys:
        await grow(pool, store, key, 0, 4)
    await seal_everything(pool, store, SECRET, cause())
    await grow(pool, store, keys[0], 4, 2)
    await seal_everything(pool, store, SECRET, cause())
    await grow(pool, store, keys[1], 4, 1)
    return keys


async def tamper(pool: Pool, *statements: str) -> None:
    """Do what only a superuser of the database could."""
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute("ALTER TABLE events DISABLE TRIGGER USER")
        for statement in statements:
            await connection.execute(statement)
        await connection.execute("ALTER TABLE events ENABLE TRIGGER USER")


async def said(pool: Pool, kind: str) -> list[dict[str, Any]]:
    """Return what the log says of this kind, in order."""
    rows = await pool.fetch("SELECT data::text FROM events WHERE type = $1 ORDER BY position", kind)
    return [orjson.loads(row[0]) for row in rows]


async def exported(pool: Pool, store: EventStore, folder: Path) -> Export:
    """Export the whole log into a folder."""
    await export_log(pool, store, SECRET, folder, "yearly audit", cause())
    return Export(folder, "pep")
