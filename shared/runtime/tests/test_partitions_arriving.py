"""A worker that is given partitions begins at their places, whatever stands in its way."""

from __future__ import annotations

from dataclasses import replace

import asyncpg
import pytest
from aiokafka import TopicPartition
from counting import COUNTING
from machinery import assert_each_once_in_order, counted, following, relaying, say, taken
from stepping import Counting, Topic, Worker, relay_step

from epep_local.testing import TopicFactory
from epep_local.topics import create_topics
from epep_runtime import holding
from epep_runtime.broker import Broker
from epep_runtime.bus import Bus
from epep_runtime.event_store import EventStore
from epep_runtime.ids import new_id
from epep_runtime.places import Place, read_places
from epep_runtime.postgres import Pool
from epep_runtime.testing import eventually

pytestmark = pytest.mark.servers


async def test_the_database_may_be_away_when_partitions_arrive(
    pool: Pool,
    store: EventStore,
    kafka_bootstrap: str,
    topics: TopicFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Kafka's client swallows what its listener raises; the partitions were never read again."""
    prefix, asked = await topics("pep"), 0

    async def away_at_first(pool: Pool, subscription: str) -> dict[tuple[str, int], Place]:
        nonlocal asked
        asked += 1
        if asked == 1:
            raise asyncpg.ConnectionDoesNotExistError("the database was killed")
        return await read_places(pool, subscription)

    monkeypatch.setattr(holding, "read_places", away_at_first)
    await say(pool, store, new_id(), "one", "two", "three")
    async with (
        relaying(pool, store, kafka_bootstrap, f"{prefix}pep"),
        following(pool, store, Bus(Broker(kafka_bootstrap), prefix, "test"), COUNTING) as worker,
    ):

        async def all_there() -> bool:
            return await counted(pool) == 3

        await eventually(all_there)
        assert worker.lag()["trouble"] is None
    assert asked > 1
    await assert_each_once_in_order(pool, 3)


async def test_what_was_fetched_before_the_worker_sought_its_place_is_fetched_again_from_there(
    pool: Pool, store: EventStore
) -> None:
    """Kafka's client may hand over a batch from elsewhere, asked for before it was told to seek."""
    topic, key = Topic(), new_id()
    await say(pool, store, key, "one", "two", "three", "four")
    where = await _published(pool, store, topic, 4)
    worker = Worker(pool, store, topic, Counting())
    await worker.join([where])
    worker.consumer.seek(where, 2)
    await worker.step()
    assert await counted(pool) == 0
    await worker.step()
    await worker.step()
    assert await taken(pool, key) == ["one", "two", "three", "four"]
    await assert_each_once_in_order(pool, 4)


async def test_a_place_that_the_topic_does_not_have_any_more_is_sought_once(
    pool: Pool, store: EventStore
) -> None:
    """Where nothing lies between the place and the next message, the worker goes on with it."""
    topic, key = Topic(), new_id()
    await say(pool, store, key, "one", "two")
    where = await _published(pool, store, topic, 2)
    worker = Worker(pool, store, topic, Counting())
    kept = topic.partitions[where.partition]
    kept[:] = [replace(each, offset=each.offset + 7) for each in kept]
    await worker.join([where])
    await worker.step()
    assert await counted(pool) == 0
    await worker.step()
    assert await taken(pool, key) == ["one", "two"]


async def _published(pool: Pool, store: EventStore, topic: Topic, events: int) -> TopicPartition:
    """Publish one stream's events; return where they are."""

    async def all_there() -> bool:
        await relay_step(pool, store, topic)  # anybody's open transaction holds it back
        return sum(map(len, topic.partitions.values())) == events

    await eventually(all_there)
    [where] = [each for each in topic.where() if topic.partitions[each.partition]]
    return where


async def test_a_worker_that_is_there_before_its_topic_begins_as_soon_as_the_topic_is(
    pool: Pool, store: EventStore, kafka_bootstrap: str
) -> None:
    """Kafka's client would look for it again after five minutes."""
    prefix = f"t{new_id().hex}."
    async with following(
        pool, store, Bus(Broker(kafka_bootstrap), prefix, "test"), COUNTING
    ) as worker:

        async def in_trouble() -> bool:
            return bool(worker.lag()["trouble"] == "MissingTopicError")

        await eventually(in_trouble)
        await create_topics(Broker(kafka_bootstrap), prefix, contexts=("pep",))

        async def assigned() -> bool:
            return bool(worker.lag()["assigned"])

        await eventually(assigned)
