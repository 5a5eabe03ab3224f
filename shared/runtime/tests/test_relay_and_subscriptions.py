"""From the event table to a read model: nothing lost, nothing doubled, order kept."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiokafka import TopicPartition
from counting import COUNTER, COUNTING, cause, submitted

from epep_events.pep import SettingRegistered, TargetSubmitted
from epep_local.testing import TopicFactory
from epep_runtime.event_store import EventStore
from epep_runtime.ids import new_id
from epep_runtime.places import Place, PlaceLostError, move_place
from epep_runtime.postgres import Connection, Pool
from epep_runtime.relay import Relay
from epep_runtime.runner import Bus, Runner
from epep_runtime.subscriptions import Reaction, Reactor
from epep_runtime.testing import eventually

pytestmark = pytest.mark.servers
WRITERS, EACH = 16, 40


@asynccontextmanager
async def relaying(
    pool: Pool, store: EventStore, bootstrap: str, topic: str
) -> AsyncIterator[Relay]:
    relay = Relay(pool, store, bootstrap, topic)
    task = asyncio.create_task(relay.run())
    try:
        yield relay
    finally:
        relay.stop()
        await task


@asynccontextmanager
async def following(
    pool: Pool, store: EventStore, bus: Bus, subscription: object
) -> AsyncIterator[Runner]:
    runner = Runner(pool, store, bus, subscription)  # type: ignore[arg-type]
    task = asyncio.create_task(runner.run())
    try:
        yield runner
    finally:
        runner.stop()
        await task


async def counted(pool: Pool) -> int:
    return int(await pool.fetchval("SELECT count(*) FROM counted"))


async def test_sixteen_writers_with_transactions_held_open_lose_nothing(
    pool: Pool, store: EventStore, kafka_bootstrap: str, topics: TopicFactory
) -> None:
    prefix = await topics("pep")
    keys = [new_id() for _ in range(4)]

    async def write(number: int) -> None:
        for turn in range(EACH):
            key = keys[(number + turn) % len(keys)]
            async with pool.acquire() as connection, connection.transaction():
                await connection.execute(
                    "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", COUNTER.stream(key)
                )
                version = (await store.load(connection, COUNTER, key)).version
                event = submitted(key, f"{number}/{turn}")
                await store.append(
                    connection, COUNTER.stream(key), version, [event], cause(), about=key
                )
                await asyncio.sleep(0.002 * (number % 3))  # held open, so that commits overtake

    bus = Bus(kafka_bootstrap, prefix, "test")
    async with (
        relaying(pool, store, kafka_bootstrap, f"{prefix}pep"),
        following(pool, store, bus, COUNTING),
    ):
        await asyncio.gather(*(write(number) for number in range(WRITERS)))

        async def all_there() -> bool:
            return await counted(pool) >= WRITERS * EACH

        await eventually(all_there)
    rows = await pool.fetch("SELECT stream_id, version FROM counted ORDER BY at")
    assert len(rows) == WRITERS * EACH
    for key in keys:
        versions = [row["version"] for row in rows if row["stream_id"] == COUNTER.stream(key)]
        assert versions == list(range(1, len(versions) + 1))


async def test_what_the_relay_sends_again_is_counted_once(
    pool: Pool, store: EventStore, kafka_bootstrap: str, topics: TopicFactory
) -> None:
    prefix = await topics("pep")
    key = new_id()
    async with pool.acquire() as connection:
        events = [submitted(key, str(n)) for n in range(10)]
        await store.append(connection, COUNTER.stream(key), 0, events, cause(), about=key)
    async with following(pool, store, Bus(kafka_bootstrap, prefix, "test"), COUNTING):
        async with relaying(pool, store, kafka_bootstrap, f"{prefix}pep"):
            await eventually(lambda: pool.fetchval("SELECT sent = 10 FROM relay_place"))
        await pool.execute("UPDATE relay_place SET sent = 4")  # as after a crash before saving
        async with pool.acquire() as connection:
            await store.append(
                connection, COUNTER.stream(key), 10, [submitted(key)], cause(), about=key
            )
        async with relaying(pool, store, kafka_bootstrap, f"{prefix}pep"):

            async def last_is_there() -> bool:
                return bool(await pool.fetchval("SELECT max(version) = 11 FROM counted"))

            await eventually(last_is_there)
    assert await counted(pool) == 11


async def test_a_zombie_cannot_move_a_place_that_another_has_moved(pool: Pool) -> None:
    where = TopicPartition("t", 0)
    async with pool.acquire() as connection:
        await move_place(connection, "s", where, Place(0, 0), Place(5, 5))
        with pytest.raises(PlaceLostError):
            await move_place(connection, "s", where, Place(0, 0), Place(3, 3))
        await move_place(connection, "s", where, Place(5, 5), Place(6, 6))
        with pytest.raises(PlaceLostError):
            await move_place(connection, "other", where, Place(5, 5), Place(6, 6))


async def test_a_reactor_starts_at_the_end_and_never_goes_back(
    pool: Pool, store: EventStore, kafka_bootstrap: str, topics: TopicFactory
) -> None:
    prefix = await topics("pep")
    key, bus = new_id(), Bus(kafka_bootstrap, prefix, "test")
    reactor = Reactor("answering", ("pep",), {TargetSubmitted: _answer})
    async with relaying(pool, store, kafka_bootstrap, f"{prefix}pep"):
        async with pool.acquire() as connection:
            await store.append(
                connection, COUNTER.stream(key), 0, [submitted(key)], cause(), about=key
            )
        await eventually(lambda: pool.fetchval("SELECT sent = 1 FROM relay_place"))
        async with following(pool, store, bus, reactor) as runner:

            async def joined() -> bool:
                return bool(runner.lag()["assigned"])

            await eventually(joined)
            async with pool.acquire() as connection:
                await store.append(
                    connection, COUNTER.stream(key), 1, [submitted(key)], cause(), about=key
                )
            await eventually(lambda: pool.fetchval(ANSWERS + " HAVING count(*) > 0"))
    assert await pool.fetchval(ANSWERS) == 1


ANSWERS = "SELECT count(*) FROM events WHERE type = 'SettingRegistered'"


async def _answer(reaction: Reaction, event: TargetSubmitted, _: object) -> None:
    made = SettingRegistered(urn="1", name=event.statement, phase="x", authority_code="330")
    await reaction.append(COUNTER, f"answer-{reaction.meta.event_id}", lambda _: [made])


async def test_an_event_that_fails_is_tried_again_and_result_and_place_go_together(
    pool: Pool, store: EventStore, kafka_bootstrap: str, topics: TopicFactory
) -> None:
    prefix = await topics("pep")
    key, failures = new_id(), iter([True, True, False])

    async def stumble(connection: Connection, event: TargetSubmitted, _: object) -> None:
        await connection.execute("INSERT INTO counted VALUES ('x', 1, $1, 1)", event.statement)
        if next(failures, False):
            raise RuntimeError("stumbled after writing")

    projector = type(COUNTING)("stumbling", ("pep",), ("counted",), {TargetSubmitted: stumble})
    async with (
        relaying(pool, store, kafka_bootstrap, f"{prefix}pep"),
        following(pool, store, Bus(kafka_bootstrap, prefix, "test"), projector),
    ):
        async with pool.acquire() as connection:
            await store.append(
                connection, COUNTER.stream(key), 0, [submitted(key)], cause(), about=key
            )
        await eventually(lambda: pool.fetchval("SELECT next_offset FROM places"))
    assert await counted(pool) == 1


async def test_a_restored_dump_goes_on_numbering_where_it_was(
    pool: Pool, store: EventStore
) -> None:
    key = new_id()
    async with pool.acquire() as connection:
        await store.append(
            connection, COUNTER.stream(key), 0, [submitted(key)] * 3, cause(), about=key
        )
        await connection.fetchval("SELECT number_publications(2)")
        # What a restore leaves: another server, transaction ids from the future.
        with contextlib.suppress(StopIteration):
            await connection.execute("ALTER TABLE events DISABLE TRIGGER USER")
        await connection.execute("UPDATE events SET transaction_id = '9000000000'")
        await connection.execute("ALTER TABLE events ENABLE TRIGGER USER")
        await connection.execute("UPDATE relay_place SET system_identifier = 1")
        assert await connection.fetchval("SELECT adopt_restored_log()")
        await store.append(connection, COUNTER.stream(key), 3, [submitted(key)], cause(), about=key)
        await connection.fetchval("SELECT number_publications(10)")
        rows = await connection.fetch(
            "SELECT p.publication, e.stream_version FROM publications p JOIN events e"
            " USING (position) ORDER BY 1"
        )
    assert [tuple(row) for row in rows] == [(1, 1), (2, 2), (3, 3), (4, 4)]
