"""The relay: what is committed reaches Kafka, in order; what it sends again is known as such."""

import asyncio

import pytest
from counting import COUNTER, COUNTING, cause, submitted
from machinery import assert_each_once_in_order, counted, following, relaying, say

from epep_local.testing import TopicFactory
from epep_runtime.broker import Broker
from epep_runtime.bus import Bus
from epep_runtime.event_store import EventStore
from epep_runtime.ids import new_id
from epep_runtime.postgres import Pool
from epep_runtime.testing import eventually

pytestmark = pytest.mark.servers
WRITERS, EACH = 16, 40


async def test_sixteen_writers_with_transactions_held_open_lose_nothing(
    pool: Pool, store: EventStore, kafka_bootstrap: str, topics: TopicFactory
) -> None:
    """No event is lost, doubled or out of order in its stream, however commits overtake."""
    prefix = await topics("pep")
    keys = [new_id() for _ in range(4)]

    async def write(number: int) -> None:
        for turn in range(EACH):
            key = keys[(number + turn) % len(keys)]
            async with pool.acquire() as connection, connection.transaction():
                await store.hold(connection, [COUNTER.stream(key)])
                version = (await store.load(connection, COUNTER, key)).version
                event = submitted(key, f"{number}/{turn}")
                await store.append(
                    connection, COUNTER.stream(key), version, [event], cause(), about=key
                )
                await asyncio.sleep(0.002 * (number % 3))  # held open, so that commits overtake

    bus = Bus(Broker(kafka_bootstrap), prefix, "test")
    async with (
        relaying(pool, store, kafka_bootstrap, f"{prefix}pep"),
        following(pool, store, bus, COUNTING),
    ):
        await asyncio.gather(*(write(number) for number in range(WRITERS)))

        async def all_there() -> bool:
            return await counted(pool) >= WRITERS * EACH

        await eventually(all_there)
    await assert_each_once_in_order(pool, WRITERS * EACH)


async def test_what_the_relay_sends_again_after_a_crash_is_counted_once(
    pool: Pool, store: EventStore, kafka_bootstrap: str, topics: TopicFactory
) -> None:
    """A relay that dies between acknowledgement and saving its place sends a suffix again."""
    prefix = await topics("pep")
    key = new_id()
    await say(pool, store, key, *(str(n) for n in range(10)))
    async with following(pool, store, Bus(Broker(kafka_bootstrap), prefix, "test"), COUNTING):
        async with relaying(pool, store, kafka_bootstrap, f"{prefix}pep"):
            await eventually(lambda: pool.fetchval("SELECT sent = 10 FROM relay_place"))
        await pool.execute("UPDATE relay_place SET sent = 4")  # as after a crash before saving
        await say(pool, store, key, "last")
        async with relaying(pool, store, kafka_bootstrap, f"{prefix}pep"):

            async def last_is_there() -> bool:
                return bool(await pool.fetchval("SELECT max(version) = 11 FROM counted"))

            await eventually(last_is_there)
    await assert_each_once_in_order(pool, 11)


async def test_of_two_relays_one_leads_and_the_other_takes_over(
    pool: Pool, store: EventStore, kafka_bootstrap: str, topics: TopicFactory
) -> None:
    """While one leads, the other only waits; when it has gone, the other goes on."""
    topic = f"{await topics('pep')}pep"
    async with relaying(pool, store, kafka_bootstrap, topic) as second:
        async with relaying(pool, store, kafka_bootstrap, topic) as first:

            async def one_leads() -> bool:
                return first.leading or second.leading

            await eventually(one_leads)
            await say(pool, store, new_id(), "one")
            await eventually(lambda: pool.fetchval("SELECT sent = 1 FROM relay_place"))
            assert first.leading != second.leading
        await say(pool, store, new_id(), "two")
        await eventually(lambda: pool.fetchval("SELECT sent = 2 FROM relay_place"))
        assert second.leading
