"""Kafka has lost a topic: the log fills it again, as docs/operations.md tells an operator to."""

import pytest
from aiokafka.admin import AIOKafkaAdminClient
from counting import COUNTING
from machinery import assert_each_once_in_order, counted, following, relaying, say, taken

from epep_local.testing import TopicFactory
from epep_local.topics import create_topics, delete_topics
from epep_runtime.event_store import EventStore
from epep_runtime.ids import new_id
from epep_runtime.postgres import Pool
from epep_runtime.runner import Bus
from epep_runtime.testing import eventually

pytestmark = pytest.mark.servers


async def test_a_lost_topic_is_filled_again_and_nothing_later_is_passed_over(
    pool: Pool, store: EventStore, kafka_bootstrap: str, topics: TopicFactory
) -> None:
    """The old topic held some events twice, so the new one is shorter than the stored places."""
    prefix, key = await topics("pep", partitions=1), new_id()
    topic, bus = f"{prefix}pep", Bus(kafka_bootstrap, prefix, "test")
    await say(pool, store, key, "one", "two", "three")
    async with following(pool, store, bus, COUNTING):
        for _ in range(2):
            await pool.execute("UPDATE relay_place SET sent = 0")
            async with relaying(pool, store, kafka_bootstrap, topic):
                await eventually(lambda: _all_sent(pool))
        await eventually(lambda: _place(pool, 6))
    assert await counted(pool) == 3
    await delete_topics(kafka_bootstrap, [topic])
    await eventually(lambda: _is_gone(kafka_bootstrap, topic))
    await create_topics(kafka_bootstrap, prefix, contexts=("pep",), partitions=1)
    await pool.execute("UPDATE relay_place SET sent = 0")
    await pool.execute("UPDATE places SET next_offset = 0")
    async with (
        relaying(pool, store, kafka_bootstrap, topic),
        following(pool, store, bus, COUNTING),
    ):
        await eventually(lambda: _all_sent(pool))
        await say(pool, store, key, "four", "five")
        await eventually(lambda: _has(pool, 5))
    await assert_each_once_in_order(pool, 5)
    assert await taken(pool, key) == ["one", "two", "three", "four", "five"]


async def _is_gone(bootstrap: str, topic: str) -> bool:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    try:
        await admin.start()
        there: set[str] = set(await admin.list_topics())
        return topic not in there
    finally:
        await admin.close()


async def _all_sent(pool: Pool) -> bool:
    return bool(await pool.fetchval("SELECT sent = (SELECT count(*) FROM events) FROM relay_place"))


async def _place(pool: Pool, offset: int) -> bool:
    return bool(await pool.fetchval("SELECT next_offset = $1 FROM places", offset))


async def _has(pool: Pool, number: int) -> bool:
    return await counted(pool) >= number
