"""What was folded lately is only a beginning to read on from, and never more than may be seen."""

from typing import Any
from uuid import UUID

import pytest
from counting import COUNTER, cause, submitted

from epep_events.sealed_fields import ErasedSubjectError
from epep_runtime.event_store import EventStore
from epep_runtime.ids import new_id
from epep_runtime.postgres import Connection, Pool
from epep_runtime.remembering import Folded

pytestmark = pytest.mark.asyncio(loop_scope="session")


class Listening:
    """A connection that counts the events that were read on it."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.rows = 0

    async def fetch(self, *arguments: Any) -> list[Any]:
        found = await self._connection.fetch(*arguments)
        self.rows += len(found)
        return list(found)


async def _say(store: EventStore, connection: Any, key: UUID, version: int) -> None:
    stream, events = COUNTER.stream(key), [submitted(key)]
    await store.append(connection, stream, version, events, cause(), about=key)


async def _seen(store: EventStore, pool: Pool, key: UUID) -> tuple[int, int]:
    """Return the state's count and how many rows it took."""
    async with pool.acquire() as connection:
        listening = Listening(connection)
        loaded = await store.load(listening, COUNTER, key)  # type: ignore[arg-type]
        assert loaded.version == loaded.state.n == len(loaded.events)
        return loaded.state.n, listening.rows


@pytest.mark.servers
async def test_only_what_came_after_is_read(pool: Pool, store: EventStore) -> None:
    key = new_id()
    for version in range(4):
        await _say(store, pool, key, version)
    assert await _seen(store, pool, key) == (4, 4)
    assert await _seen(store, pool, key) == (4, 1)
    await _say(store, pool, key, 4)
    assert await _seen(store, pool, key) == (5, 2)


@pytest.mark.servers
async def test_what_was_taken_back_is_not_read_on_from(pool: Pool, store: EventStore) -> None:
    key = new_id()
    await _say(store, pool, key, 0)
    async with pool.acquire() as connection:
        taken_back = connection.transaction()
        await taken_back.start()
        await _say(store, connection, key, 1)
        assert (await store.load(connection, COUNTER, key)).version == 2
        await taken_back.rollback()
    assert await _seen(store, pool, key) == (1, 1)


@pytest.mark.servers
async def test_a_stream_that_the_connection_may_not_see_is_not_there(
    pool: Pool, store: EventStore
) -> None:
    key = new_id()
    await _say(store, pool, key, 0)
    assert await _seen(store, pool, key) == (1, 1)
    async with pool.acquire() as connection:
        hidden = connection.transaction()
        await hidden.start()
        await connection.execute("ALTER TABLE events RENAME TO hidden")
        await connection.execute("CREATE VIEW events AS SELECT * FROM hidden WHERE authority = ''")
        assert (await store.load(connection, COUNTER, key)).version == 0
        await hidden.rollback()


@pytest.mark.servers
async def test_another_history_of_the_same_length_is_read_afresh(
    pool: Pool, store: EventStore
) -> None:
    key, other = new_id(), new_id()
    for each in (key, other):
        await _say(store, pool, each, 0)
    mixed_up = await store.load(pool, COUNTER, other)
    store._recent.keep(  # as if the database had been restored from another one
        {(COUNTER.name, COUNTER.stream(key)): Folded(mixed_up, frozenset())}
    )
    assert (await store.load(pool, COUNTER, key)).state.child == key


@pytest.mark.servers
async def test_an_erased_child_is_not_remembered(pool: Pool, store: EventStore) -> None:
    key = new_id()
    await _say(store, pool, key, 0)
    await _seen(store, pool, key)
    await store.keyring.destroy(str(key))
    with pytest.raises(ErasedSubjectError):
        await store.load(pool, COUNTER, key)
