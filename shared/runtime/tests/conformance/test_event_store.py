"""The log keeps order, refuses change, and never appends on a version that has moved on."""

import asyncio

import asyncpg
import orjson
import pytest
from counting import COUNTER, cause, submitted
from machinery import waits_for_a_lock

from epep_runtime.event_store import EventStore, VersionConflictError
from epep_runtime.ids import new_id
from epep_runtime.postgres import Pool
from epep_runtime.testing import eventually

pytestmark = pytest.mark.servers


async def test_events_come_back_as_they_were_appended(pool: Pool, store: EventStore) -> None:
    key, because = new_id(), cause()
    async with pool.acquire() as connection, connection.transaction():
        events = [submitted(key, "one"), submitted(key, "two")]
        assert (
            await store.append(connection, COUNTER.stream(key), 0, events, because, about=key) == 2
        )
    loaded = await store.load(pool, COUNTER, key)
    assert [each.data for each in loaded.events] == events
    assert loaded.version == 2
    assert loaded.state.n == 2
    assert loaded.events[1].meta.actor == because.actor
    assert loaded.events[1].meta.stream_version == 2


async def test_a_stale_expected_version_is_refused(pool: Pool, store: EventStore) -> None:
    key = new_id()
    async with pool.acquire() as connection:
        await store.append(connection, COUNTER.stream(key), 0, [submitted(key)], cause(), about=key)
        with pytest.raises(VersionConflictError):
            await store.append(
                connection, COUNTER.stream(key), 0, [submitted(key)], cause(), about=key
            )
    assert (await store.load(pool, COUNTER, key)).version == 1


async def test_of_many_writers_at_one_version_one_wins(pool: Pool, store: EventStore) -> None:
    key = new_id()

    async def write() -> bool:
        try:
            async with pool.acquire() as connection, connection.transaction():
                await store.append(
                    connection, COUNTER.stream(key), 0, [submitted(key)], cause(), about=key
                )
        except VersionConflictError:
            return False
        return True

    assert sum(await asyncio.gather(*(write() for _ in range(16)))) == 1
    assert (await store.load(pool, COUNTER, key)).version == 1


@pytest.mark.parametrize(
    "statement",
    ["UPDATE events SET type = 'x'", "DELETE FROM events", "TRUNCATE events CASCADE"],
)
async def test_history_cannot_be_changed(pool: Pool, store: EventStore, statement: str) -> None:
    key = new_id()
    async with pool.acquire() as connection:
        await store.append(connection, COUNTER.stream(key), 0, [submitted(key)], cause(), about=key)
        with pytest.raises(asyncpg.PostgresError, match="never changed or removed"):
            await connection.execute(statement)


async def test_whoever_waited_for_a_stream_sees_what_it_waited_for(
    pool: Pool, store: EventStore
) -> None:
    """What was committed before the lock was had is there: nobody is refused for having waited."""
    key = new_id()
    async with pool.acquire() as first, pool.acquire() as second:
        async with first.transaction():
            await store.append(first, COUNTER.stream(key), 0, [submitted(key)], cause(), about=key)
            later = store.append(
                second, COUNTER.stream(key), 1, [submitted(key)], cause(), about=key
            )
            waiting = asyncio.create_task(later)
            await eventually(lambda: waits_for_a_lock(pool))
        assert await waiting == 2


async def test_the_bytes_said_are_the_bytes_kept(pool: Pool, store: EventStore) -> None:
    key = new_id()
    event = submitted(key, "Zoë’s  target – ½ € 🎻")
    async with pool.acquire() as connection:
        await store.append(connection, COUNTER.stream(key), 0, [event], cause(), about=key)
        kept = await connection.fetchval("SELECT data::text FROM events")
    sealed = orjson.loads(kept)["statement"]
    plain = orjson.loads(event.model_dump_json())
    assert kept.encode() == orjson.dumps(plain | {"statement": sealed})
    assert (await store.load(pool, COUNTER, key)).events[0].data == event
