"""Appends of many writers go to the database together, and each is as if it had gone alone."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

import asyncpg
import pytest
from counting import COUNTER, cause, submitted
from machinery import waits_for_a_lock

from epep_events.pep import TargetSubmitted
from epep_runtime.event_store import Cause, EventStore, VersionConflictError
from epep_runtime.ids import new_id
from epep_runtime.postgres import DATABASE_UNAVAILABLE, Pool
from epep_runtime.testing import eventually
from epep_runtime.together import Together

pytestmark = pytest.mark.servers
BROKEN = """
SELECT count(*) FROM (
    SELECT *, lag(hash, 1, '') OVER stream AS before, lag(transaction_id) OVER stream AS earlier,
           row_number() OVER stream AS number
      FROM events WINDOW stream AS (PARTITION BY stream_id ORDER BY stream_version)) AS e
 WHERE stream_version <> number OR transaction_id <= earlier OR previous_hash <> before
    OR hash <> hash_of_event(
           before, stream_id, stream_version, event_id, type, schema_version, occurred_at,
           authority, actor_id, actor_role, on_behalf_of, correlation_id, causation_id, data::text)
"""


@pytest.fixture
def together(pool: Pool, store: EventStore) -> Together:
    return Together(pool, store)


def one(
    together: Together, key: UUID, expected: int = 0, because: Cause | None = None
) -> asyncio.Task[int]:
    """Begin to append one event to a stream."""
    stream, event = COUNTER.stream(key), submitted(key)
    return asyncio.create_task(
        together.append(stream, expected, [event], because or cause(), about=key)
    )


async def versions(pool: Pool, keys: Sequence[UUID]) -> list[int]:
    """Return how many events each of these streams has."""
    of_stream = "SELECT count(*) FROM events WHERE stream_id = $1"
    return [await pool.fetchval(of_stream, COUNTER.stream(key)) for key in keys]


async def transactions(pool: Pool) -> int:
    return int(await pool.fetchval("SELECT count(DISTINCT transaction_id) FROM events"))


async def test_many_writers_of_few_streams_lose_nothing_and_double_nothing(
    pool: Pool, store: EventStore, together: Together
) -> None:
    """Also beside those who go alone: versions, hashes and the order of transactions are right."""
    keys = [new_id() for _ in range(4)]

    async def write(number: int) -> None:
        key, written = keys[number % 4], 0
        while written < 8:
            version = (await store.load(pool, COUNTER, key)).version
            stream, event = COUNTER.stream(key), submitted(key, f"{number}/{written}")
            try:
                if number < 12:
                    await together.append(stream, version, [event], cause(), about=key)
                else:
                    async with pool.acquire() as connection:
                        await store.append(connection, stream, version, [event], cause(), about=key)
            except VersionConflictError:
                continue
            written += 1

    await asyncio.gather(*(write(number) for number in range(16)))
    statements: list[str] = []
    for key in keys:
        for each in (await store.load(pool, COUNTER, key)).events:
            assert isinstance(each.data, TargetSubmitted)
            statements.append(each.data.statement)
    assert sorted(statements) == sorted(f"{who}/{turn}" for who in range(16) for turn in range(8))
    assert await pool.fetchval(BROKEN) == 0


async def test_appends_that_come_at_once_share_a_transaction_but_not_those_of_one_stream(
    pool: Pool, store: EventStore, together: Together
) -> None:
    keys = [new_id() for _ in range(8)]
    store.appended.clear()
    assert await asyncio.gather(*(one(together, key) for key in keys)) == [1] * 8
    first = await transactions(pool)
    assert first < 8
    assert store.appended.is_set()
    again = [one(together, keys[0], 1), one(together, keys[0], 2), one(together, keys[1], 1)]
    assert await asyncio.gather(*again) == [2, 3, 2]
    assert await transactions(pool) > first + 1
    assert await pool.fetchval(BROKEN) == 0


async def test_a_stream_that_somebody_holds_keeps_only_its_own_writer_waiting(
    pool: Pool, store: EventStore, together: Together
) -> None:
    held, *others = [new_id() for _ in range(5)]
    async with pool.acquire() as connection, connection.transaction():
        await store.append(connection, COUNTER.stream(held), 0, [submitted(held)], cause(),
                           about=held)  # fmt: skip
        waiting = one(together, held, 1)
        assert await asyncio.gather(*(one(together, key) for key in others)) == [1] * 4
        await eventually(lambda: waits_for_a_lock(pool))
        assert not waiting.done()
    assert await waiting == 2
    assert await pool.fetchval(BROKEN) == 0


async def test_a_version_that_has_moved_on_fails_its_own_writer_only(
    pool: Pool, together: Together
) -> None:
    stale, *others = [new_id() for _ in range(4)]
    await one(together, stale)
    found = await asyncio.gather(
        *(one(together, key) for key in (stale, *others)), return_exceptions=True
    )
    assert isinstance(found[0], VersionConflictError)
    assert found[1:] == [1] * 3


@pytest.mark.parametrize("fault", ["\x00", "\ud800"], ids=["at the server", "before it is sent"])
async def test_an_append_that_cannot_be_written_fails_only_itself(
    pool: Pool, together: Together, fault: str
) -> None:
    faulty, *others = [new_id() for _ in range(4)]
    because = replace(cause(), authority=fault)
    wrong = one(together, faulty, because=because)
    assert await asyncio.gather(*(one(together, key) for key in others)) == [1] * 3
    with pytest.raises((asyncpg.PostgresError, ValueError)):
        await wrong
    assert await versions(pool, [faulty, *others]) == [0, 1, 1, 1]


async def test_a_writer_that_goes_away_leaves_the_others_theirs(
    pool: Pool, together: Together
) -> None:
    gone, later, *others = [new_id() for _ in range(4)]
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute("LOCK TABLE events IN EXCLUSIVE MODE")
        under_way = [one(together, key) for key in (gone, *others)]
        await eventually(lambda: waits_for_a_lock(pool))
        not_begun = one(together, later)
        await asyncio.sleep(0)
        for each in (under_way[0], not_begun):
            each.cancel()
    assert await asyncio.gather(*under_way[1:]) == [1, 1]
    assert under_way[0].cancelled()
    assert await versions(pool, [later, *others]) == [0, 1, 1]


async def test_a_lost_connection_is_told_to_each_writer_and_nothing_is_tried_again(
    pool: Pool, together: Together
) -> None:
    """Nobody knows then whether it was written."""
    keys = [new_id() for _ in range(3)]
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute("LOCK TABLE events IN EXCLUSIVE MODE")
        under_way = [one(together, key) for key in keys]
        await eventually(lambda: waits_for_a_lock(pool))
        later = one(together, new_id())
        await connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE wait_event_type = 'Lock' AND datname = current_database()"
        )
        found = await asyncio.gather(*under_way, return_exceptions=True)
    assert all(isinstance(each, DATABASE_UNAVAILABLE) for each in found), found
    assert await later == 1
    assert await versions(pool, keys) == [0, 0, 0]
