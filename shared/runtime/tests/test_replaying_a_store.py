"""A store is made from files alone, and goes on from there."""

import gzip
from pathlib import Path

import pytest
from counting import COUNTING_SQL, cause, summing
from sealed_store import exported, grow, some_store

from epep_events.operations import ParkedEventSkipped
from epep_local.testing import DatabaseFactory
from epep_runtime.event_store import EventStore
from epep_runtime.ids import new_id
from epep_runtime.migrations import RUNTIME_SQL, find, migrate
from epep_runtime.operations import hold_operations, say
from epep_runtime.postgres import Pool, open_pool
from epep_runtime.proof.exporting import number_everything
from epep_runtime.proof.folder import EVENTS, FolderError
from epep_runtime.proof.replaying import digests, feed, load_store
from epep_runtime.proof.stored import check_store

pytestmark = pytest.mark.servers


async def test_a_replay_makes_the_same_store_and_goes_on_from_there(
    pool: Pool, store: EventStore, tmp_path: Path, database: DatabaseFactory
) -> None:
    keys = await some_store(pool, store)
    export = await exported(pool, store, tmp_path / "export")
    url = await database("replay")
    (tmp_path / "0001_counted.sql").write_text(COUNTING_SQL)
    await migrate(url, find("runtime", RUNTIME_SQL) + find("test", tmp_path))
    other = await open_pool(url, 4)
    try:
        assert await load_store(other, export) == 20
        projector = summing()
        folder = tmp_path / "export"
        assert await feed(other, store.keyring, [projector], folder, lambda *_: None) == 20
        found = [str(each) async for each in digests(other, [projector])]
        assert [line.split()[1:] for line in found] == [
            ["3", "summing", "sums"],
            ["15", "summing", "lines"],
        ]
        rows = "SELECT (e.*)::text FROM (SELECT position, stream_id, hash, traceparent, data::text"
        rows += " FROM events ORDER BY position) e"
        assert await other.fetch(rows) == await pool.fetch(rows)
        await grow(other, store, keys[2], 4, 1)
        assert await number_everything(other) == 21
        assert (await check_store(other, "pep")).faults == []
        with pytest.raises(FolderError, match="has events already"):
            await load_store(other, export)
    finally:
        await other.close()


async def test_a_replay_leaves_out_what_an_operator_skipped(
    pool: Pool, store: EventStore, tmp_path: Path, database: DatabaseFactory
) -> None:
    async with pool.acquire() as connection, connection.transaction():
        await hold_operations(connection, store)
        fact = ParkedEventSkipped(
            subscription="summing",
            topic="production.pep",
            stream="counter-x",
            publication=2,
            event_type="TargetSubmitted",
            why="said twice",
        )
        await say(connection, store, fact, cause())
    await grow(pool, store, new_id(), 0, 3)
    export = await exported(pool, store, tmp_path / "export")
    url = await database("replay")
    (tmp_path / "0001_counted.sql").write_text(COUNTING_SQL)
    await migrate(url, find("runtime", RUNTIME_SQL) + find("test", tmp_path))
    other = await open_pool(url, 4)
    try:
        await load_store(other, export)
        await feed(other, store.keyring, [summing()], tmp_path / "export", lambda *_: None)
        rows = await other.fetch("SELECT version FROM lines ORDER BY version")
        assert [row["version"] for row in rows] == [2, 3]
    finally:
        await other.close()


async def test_a_replay_refuses_what_was_changed(
    pool: Pool, store: EventStore, tmp_path: Path, database: DatabaseFactory
) -> None:
    await some_store(pool, store)
    export = await exported(pool, store, tmp_path)
    lines = gzip.decompress((export.path / EVENTS).read_bytes()).splitlines(keepends=True)
    with gzip.open(export.path / EVENTS, "wb", 1) as file:
        file.writelines([lines[0].replace(b"sealed", b"Sealed"), *lines[1:]])
    url = await database("replay")
    await migrate(url, find("runtime", RUNTIME_SQL))
    other = await open_pool(url, 2)
    try:
        with pytest.raises(FolderError, match="This export was changed: Version 1 of counter-"):
            await load_store(other, export)
        assert await other.fetchval("SELECT count(*) FROM events") == 0
    finally:
        await other.close()
