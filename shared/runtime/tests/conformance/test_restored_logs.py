"""A log that was restored from a dump goes on, on whichever server, and no new event is lost."""

import asyncio
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from counting import COUNTING
from machinery import assert_each_once_in_order, counted, following, relaying, say, taken
from mortal import Mortal

from epep_local.databases import create_database
from epep_local.ports import free_port
from epep_local.postgres import Postgres, _binaries
from epep_local.testing import TopicFactory
from epep_runtime.broker import Broker
from epep_runtime.bus import Bus
from epep_runtime.event_store import EventStore
from epep_runtime.ids import new_id
from epep_runtime.postgres import Pool, open_pool
from epep_runtime.testing import eventually

pytestmark = pytest.mark.servers


@pytest_asyncio.fixture(loop_scope="session")
async def another_server(server_folder: Path) -> AsyncIterator[str]:
    """The URL of an empty database on a server that has just been made."""
    folder = server_folder / f"another-{new_id()}"
    server = Postgres(folder, server_folder / f"{folder.name}.log", free_port(), durable=False)
    mortal = Mortal(server)
    await mortal.start()
    yield await create_database(server.admin_url, "restored")
    await mortal.kill()


async def dump(url: str, file: Path) -> None:
    await asyncio.to_thread(_run, "pg_dump", "--format=custom", f"--file={file}", url)


async def restore(file: Path, url: str) -> None:
    await asyncio.to_thread(_run, "pg_restore", "--no-owner", f"--dbname={url}", str(file))


def _run(*command: str) -> None:
    subprocess.run([_binaries() / command[0], *command[1:]], check=True)


async def test_a_restored_dump_goes_on_where_it_was_on_another_server(
    pool: Pool,
    store: EventStore,
    database_url: str,
    another_server: str,
    kafka_bootstrap: str,
    topics: TopicFactory,
    tmp_path: Path,
) -> None:
    """Its transaction ids begin again there; what was published, and what was not, is known."""
    prefix, key = await topics("pep"), new_id()
    for _ in range(1500):  # so that the ids in the log are from the other server's future
        await pool.execute("SELECT pg_current_xact_id()")
    bus = Bus(Broker(kafka_bootstrap), prefix, "test")
    await say(pool, store, key, "published", "published, too")
    async with (
        relaying(pool, store, kafka_bootstrap, f"{prefix}pep"),
        following(pool, store, bus, COUNTING),
    ):
        await eventually(lambda: _has(pool, 2))
    await say(pool, store, key, "committed, but not published")
    await dump(database_url, tmp_path / "dump")
    await restore(tmp_path / "dump", another_server)
    restored = await open_pool(another_server, 10)
    try:
        ahead = "SELECT max(transaction_id) > pg_current_xact_id() FROM events"
        assert await restored.fetchval(ahead)
        await say(restored, store, key, "said after the restore")
        async with (
            relaying(restored, store, kafka_bootstrap, f"{prefix}pep"),
            following(restored, store, bus, COUNTING),
        ):
            await eventually(lambda: _has(restored, 4))
        await assert_each_once_in_order(restored, 4)
        assert (await taken(restored, key))[2:] == [
            "committed, but not published",
            "said after the restore",
        ]
    finally:
        await restored.close()


async def test_a_backup_older_than_the_topic_takes_no_number_twice(
    pool: Pool,
    store: EventStore,
    database_url: str,
    another_server: str,
    kafka_bootstrap: str,
    topics: TopicFactory,
    tmp_path: Path,
) -> None:
    """Others have heard what the backup does not know; they hear what is said from then on, too.

    The others are a read model in the database that stays.
    """
    prefix, kept, new = await topics("pep", partitions=1), new_id(), new_id()
    bus = Bus(Broker(kafka_bootstrap), prefix, "test")
    await say(pool, store, kept, "in the backup")
    async with following(pool, store, bus, COUNTING):
        async with relaying(pool, store, kafka_bootstrap, f"{prefix}pep"):
            await eventually(lambda: _has(pool, 1))
            await dump(database_url, tmp_path / "dump")
            await say(pool, store, kept, "after the backup", "and that, too")
            await eventually(lambda: _has(pool, 3))
        await restore(tmp_path / "dump", another_server)
        restored = await open_pool(another_server, 10)
        try:
            await say(restored, store, new, "said after the restore")
            async with relaying(restored, store, kafka_bootstrap, f"{prefix}pep"):
                await eventually(lambda: _has(pool, 4))
            numbers = await restored.fetch("SELECT publication FROM publications ORDER BY 1")
            assert [row["publication"] for row in numbers] == [1, 4]
        finally:
            await restored.close()
    assert await taken(pool, new) == ["said after the restore"]


async def _has(pool: Pool, number: int) -> bool:
    return await counted(pool) >= number
