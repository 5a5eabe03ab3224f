"""Handlers that only add rows: the same rows whether they were inserted or copied."""

from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
import pytest_asyncio
from counting import COUNTER, cause, submitted
from machinery import all_sent
from pydantic import SecretStr
from rebuilding import World

from epep_events.envelope import Metadata
from epep_events.pep import SettingRegistered, TargetSubmitted
from epep_local.testing import TopicFactory
from epep_runtime.adding import Adding
from epep_runtime.event_store import EventStore
from epep_runtime.ids import new_id
from epep_runtime.postgres import Connection, Pool
from epep_runtime.settings import Settings
from epep_runtime.subscriptions import Projector
from epep_runtime.testing import eventually

pytestmark = pytest.mark.servers
TABLES = """
DROP TABLE IF EXISTS written, counts;
CREATE TABLE written (event_id uuid PRIMARY KEY, stream_id text NOT NULL, said jsonb NOT NULL);
CREATE TABLE counts (stream_id text PRIMARY KEY, n integer NOT NULL);
"""


def rows_of(event: TargetSubmitted, meta: Metadata) -> Iterator[tuple[Any, ...]]:
    if event.statement != "nothing":
        yield meta.event_id, meta.stream_id, {"statement": event.statement, "section": None}


WRITE = Adding("written", ("event_id", "stream_id", "said"), rows_of)


async def count_written(connection: Connection, _: SettingRegistered, meta: Metadata) -> None:
    await connection.execute(
        "INSERT INTO counts SELECT $1, count(*) FROM written WHERE stream_id = $1", meta.stream_id
    )


WRITING = Projector(
    "writing",
    ("pep",),
    ("written", "counts"),
    {TargetSubmitted: WRITE, SettingRegistered: count_written},
)


@pytest_asyncio.fixture(loop_scope="session")
async def world(
    pool: Pool, store: EventStore, database_url: str, kafka_bootstrap: str, topics: TopicFactory
) -> AsyncIterator[World]:
    await pool.execute(TABLES)
    settings = Settings(
        database_url=SecretStr(database_url),
        kafka_bootstrap=kafka_bootstrap,
        topic_prefix=await topics("pep", partitions=3),
    )
    made = World(pool, store, settings)
    async with made.relaying():
        yield made


async def say_in_one_append(world: World) -> None:
    """Three targets, one of which makes no row, and then what counts them; more after it."""
    key = new_id()
    counting = SettingRegistered(urn="900001", name="Larkfield", phase="s", authority_code="330")
    events = [
        submitted(key, "one"),
        submitted(key, "nothing"),
        submitted(key, "two"),
        counting,
        submitted(key, "three"),
    ]
    async with world.pool.acquire() as connection, connection.transaction():
        stream = COUNTER.stream(key)
        await world.store.append(connection, stream, 0, events, cause(), about=key)


async def test_a_rebuild_copies_the_rows_that_were_inserted_live(world: World) -> None:
    for _ in range(12):
        await say_in_one_append(world)

    async def all_taken() -> bool:
        return bool(await world.pool.fetchval("SELECT count(*) = 36 FROM written"))

    async with world.following(WRITING):
        await eventually(all_taken)
    done = await world.rebuild(WRITING, only_compare=True)
    assert done.comparison is not None
    assert (done.comparison.rows, done.comparison.differing) == (48, 0)


async def test_a_handler_finds_the_rows_of_events_before_its_own(world: World) -> None:
    for _ in range(4):
        await say_in_one_append(world)
    await eventually(lambda: all_sent(world.pool))
    assert (await world.rebuild(WRITING)).switched
    found = await world.pool.fetch("SELECT n FROM counts")
    assert [row["n"] for row in found] == [2, 2, 2, 2]


async def test_the_same_event_again_adds_nothing(world: World) -> None:
    key = new_id()
    await world.say(key, "one")
    event = (await world.store.read(world.pool, COUNTER.stream(key)))[0]
    async with world.pool.acquire() as connection:
        for _ in range(2):
            await WRITE(connection, event.data, event.meta)
    rows = await world.pool.fetch("SELECT * FROM written")
    assert [row["said"]["statement"] for row in rows] == ["one"]
