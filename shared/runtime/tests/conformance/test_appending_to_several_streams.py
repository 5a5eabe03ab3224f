"""A reaction may append to several streams, and each stream's order still survives the relay."""

import asyncio
from uuid import UUID

import pytest
from counting import COUNTER, Count, cause, submitted
from machinery import waits_for_a_lock

from epep_events.base import Event
from epep_events.envelope import Actor, Metadata
from epep_runtime.event_store import EventStore, VersionConflictError
from epep_runtime.ids import new_id
from epep_runtime.postgres import Pool
from epep_runtime.subscriptions import Reaction

pytestmark = pytest.mark.servers


def meta() -> Metadata:
    because = cause()
    return Metadata(
        event_id=new_id(),
        type="TargetSubmitted",
        schema_version=1,
        source="pep",
        stream_id="pep-1",
        stream_version=1,
        occurred_at="2026-09-01T09:00:00Z",
        authority=because.authority,
        actor=Actor(id="somebody", role="social_worker"),
        correlation_id=because.correlation_id,
    )


def one_more(_: Count) -> list[Event]:
    return [submitted(new_id())]


async def version(pool: Pool, store: EventStore, key: UUID) -> int:
    async with pool.acquire() as connection:
        return (await store.load(connection, COUNTER, key)).version


async def test_each_stream_gets_what_its_own_state_decides(pool: Pool, store: EventStore) -> None:
    fresh, known = new_id(), new_id()
    async with pool.acquire() as connection:
        await store.append(
            connection, COUNTER.stream(known), 0, [submitted(known)], cause(), about=known
        )

    def unless_known(state: Count) -> list[Event]:
        return [] if state.n else one_more(state)

    async with pool.acquire() as connection, connection.transaction():
        reaction = Reaction(connection, store, meta())
        before = await reaction.append_many(COUNTER, {fresh: unless_known, known: unless_known})
    assert {key: loaded.version for key, loaded in before.items()} == {fresh: 0, known: 1}
    assert await version(pool, store, fresh) == 1
    assert await version(pool, store, known) == 1


async def test_an_erased_persons_stream_is_left_alone_and_the_others_get_theirs(
    pool: Pool, store: EventStore
) -> None:
    """Also where it comes first: who has nothing to do with the erased must not wait for them."""
    erased, other = new_id(), new_id()
    async with pool.acquire() as connection:
        for key in (erased, other):
            await store.append(
                connection, COUNTER.stream(key), 0, [submitted(key)], cause(), about=key
            )
    await store.keyring.destroy(str(erased))
    async with pool.acquire() as connection, connection.transaction():
        reaction = Reaction(connection, store, meta())
        decisions = {key: lambda _, key=key: [submitted(key)] for key in (erased, other)}
        before = await reaction.append_many(COUNTER, decisions)
    assert set(before) == {other}
    assert await version(pool, store, other) == 2
    of_stream = "SELECT count(*) FROM events WHERE stream_id = $1"
    assert await pool.fetchval(of_stream, COUNTER.stream(erased)) == 1


async def test_no_later_event_of_a_stream_has_an_earlier_transaction(
    pool: Pool, store: EventStore
) -> None:
    keys = [new_id() for _ in range(4)]

    async def write(turn: int) -> None:
        mine = keys[turn % 4 :] + keys[: turn % 4]  # everyone in another order: no deadlock either
        for _ in range(8):
            async with pool.acquire() as connection, connection.transaction():
                reaction = Reaction(connection, store, meta())
                await reaction.append_many(COUNTER, dict.fromkeys(mine, one_more))

    await asyncio.gather(*(write(turn) for turn in range(8)))
    inverted = await pool.fetchval(
        "SELECT count(*) FROM events a JOIN events b USING (stream_id)"
        " WHERE a.stream_version < b.stream_version AND a.transaction_id >= b.transaction_id"
    )
    assert await pool.fetchval("SELECT count(*) FROM events") == 8 * 8 * 4
    assert inverted == 0


async def test_whoever_wrote_before_it_came_to_a_stream_cannot_follow_a_later_transaction(
    pool: Pool, store: EventStore
) -> None:
    """It would be published before what it follows. What is published cannot be overtaken."""
    key = new_id()
    stream = COUNTER.stream(key)
    begin_writing, first = "SELECT pg_current_xact_id()", [submitted(key)]
    async with pool.acquire() as connection:
        refused = connection.transaction()
        await refused.start()
        await connection.execute(begin_writing)  # as a row that is locked FOR UPDATE
        async with pool.acquire() as another:
            await store.append(another, stream, 0, first, cause(), about=key)
        with pytest.raises(VersionConflictError):
            await store.append(connection, stream, 1, [submitted(key)], cause(), about=key)
        await refused.rollback()
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute(begin_writing)
        await store.append(connection, stream, 1, [submitted(key)], cause(), about=key)
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute(begin_writing)
        async with pool.acquire() as another:
            await store.append(another, stream, 2, [submitted(key)], cause(), about=key)
            await another.execute(
                "INSERT INTO publications SELECT position, position FROM events"
                " WHERE stream_version = 3 AND stream_id = $1",
                stream,
            )
        await store.append(connection, stream, 3, [submitted(key)], cause(), about=key)
    assert (await store.load(pool, COUNTER, key)).version == 4


async def test_a_writer_of_one_held_stream_waits_and_comes_after(
    pool: Pool, store: EventStore
) -> None:
    first, second = new_id(), new_id()
    async with pool.acquire() as connection:
        transaction = connection.transaction()
        await transaction.start()
        await store.hold(connection, [COUNTER.stream(first), COUNTER.stream(second)])
        await store.append(
            connection, COUNTER.stream(first), 0, [submitted(first)], cause(), about=first
        )

        async def other() -> None:
            async with pool.acquire() as another:
                await store.append(
                    another, COUNTER.stream(second), 1, [submitted(second)], cause(), about=second
                )

        waiting = asyncio.create_task(other())
        while not await waits_for_a_lock(pool):
            assert not waiting.done()
        await store.append(
            connection, COUNTER.stream(second), 0, [submitted(second)], cause(), about=second
        )
        await transaction.commit()
    await waiting
    rows = await pool.fetch(
        "SELECT transaction_id::text::bigint AS id FROM events WHERE stream_id = $1"
        " ORDER BY stream_version",
        COUNTER.stream(second),
    )
    assert rows[0]["id"] < rows[1]["id"]
