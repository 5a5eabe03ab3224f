"""An event that cannot be taken holds up its own stream and nothing else."""

import asyncio
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from aiokafka import TopicPartition
from counting import COUNTER, COUNTING, cause, count_it, submitted, summing
from machinery import following, relaying, say, taken, waits_for_a_lock
from pydantic import SecretStr
from rebuilding import World

from epep_events.envelope import Metadata
from epep_events.pep import TargetSubmitted
from epep_local.testing import TopicFactory
from epep_runtime import parking, parking_desk
from epep_runtime import runner as running
from epep_runtime.broker import Broker
from epep_runtime.bus import Bus
from epep_runtime.event_store import EventStore
from epep_runtime.failed_events import EventFailedError
from epep_runtime.generations import begin_or_join
from epep_runtime.ids import new_id
from epep_runtime.parking import Parcel, list_parked
from epep_runtime.postgres import Connection, Pool
from epep_runtime.runner import Runner
from epep_runtime.settings import Settings
from epep_runtime.subscriptions import Projector
from epep_runtime.testing import eventually

pytestmark = pytest.mark.servers


class Stubborn:
    """A handler that refuses the statement `bad` until it has been mended."""

    def __init__(self) -> None:
        self.mended = False

    async def take(self, connection: Connection, event: TargetSubmitted, meta: Metadata) -> None:
        await count_it(connection, event, meta)
        if event.statement == "bad" and not self.mended:
            raise RuntimeError("cannot take this one")

    def projector(self) -> Projector:
        return Projector(COUNTING.name, ("pep",), COUNTING.tables, {TargetSubmitted: self.take})


async def test_its_stream_waits_in_order_while_others_go_on(
    pool: Pool, store: EventStore, kafka_bootstrap: str, topics: TopicFactory
) -> None:
    """Later events queue behind it; mended, all follow in order, whichever worker has them."""
    prefix = await topics("pep", partitions=1)
    bad, good, stubborn = new_id(), new_id(), Stubborn()
    bus = Bus(Broker(kafka_bootstrap), prefix, "test")
    async with relaying(pool, store, kafka_bootstrap, f"{prefix}pep"):
        async with following(pool, store, bus, stubborn.projector()):
            await say(pool, store, bad, "first", "bad", "after")
            await say(pool, store, good, "one", "two")
            assert await eventually(lambda: _is(pool, good, ["one", "two"]))
            assert await taken(pool, bad) == ["first"]
            [parked] = await eventually(lambda: list_parked(pool))
            assert (parked.stream_id, parked.waiting) == (COUNTER.stream(bad), 2)
            await say(pool, store, bad, "later")
            await eventually(lambda: _waiting(pool, 3))
        # Another worker finds the stream parked, and goes on keeping its order.
        async with following(pool, store, bus, stubborn.projector()):
            stubborn.mended = True
            await pool.execute("UPDATE parked_streams SET next_try_at = now()")
            await eventually(lambda: _is(pool, bad, ["first", "bad", "after", "later"]))
            await eventually(lambda: _none_parked(pool))
            await say(pool, store, bad, "last")
            await eventually(lambda: _is(pool, bad, ["first", "bad", "after", "later", "last"]))


async def test_an_event_of_an_unknown_version_is_parked_and_not_guessed(
    pool: Pool, store: EventStore, kafka_bootstrap: str, topics: TopicFactory
) -> None:
    """It waits for the program that knows it."""
    prefix = await topics("pep", partitions=1)
    key, bus = new_id(), Bus(Broker(kafka_bootstrap), prefix, "test")
    async with pool.acquire() as connection:
        await store.append(connection, COUNTER.stream(key), 0, [submitted(key)], cause(), about=key)
        await connection.execute("ALTER TABLE events DISABLE TRIGGER USER")
        await connection.execute("UPDATE events SET schema_version = 99")
    async with (
        relaying(pool, store, kafka_bootstrap, f"{prefix}pep"),
        following(pool, store, bus, COUNTING),
    ):
        [parked] = await eventually(lambda: list_parked(pool))
    assert parked.error == "UnknownEventError"
    assert await taken(pool, key) == []


async def test_in_a_rebuild_the_same_error_stops_it_and_the_event_is_named(
    pool: Pool, store: EventStore, kafka_bootstrap: str, topics: TopicFactory
) -> None:
    """A rebuild without one of its events would be another read model."""
    prefix = await topics("pep", partitions=1)
    key, bus = new_id(), Bus(Broker(kafka_bootstrap), prefix, "test")
    await say(pool, store, key, "bad")
    building = await begin_or_join(pool, COUNTING, 1)
    projector = replace(Stubborn().projector(), name=building.subscription)
    runner = Runner(pool, store, bus, projector, generation=building)
    async with relaying(pool, store, kafka_bootstrap, f"{prefix}pep"):
        with pytest.raises(
            EventFailedError, match=r"publication 1 .* RuntimeError in test_parking"
        ):
            await asyncio.wait_for(runner.run(), 60)
    assert await list_parked(pool) == []


async def test_what_an_operator_skipped_is_left_out_of_a_later_rebuild_and_reported(
    pool: Pool,
    store: EventStore,
    database_url: str,
    kafka_bootstrap: str,
    topics: TopicFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The decision is taken once: the event does not stop the rebuild, nor come back by it."""
    monkeypatch.setattr(running, "PAUSES", (0.01, None))
    monkeypatch.setattr(running, "LOOK_SECONDS", 0.05)
    settings = Settings(
        database_url=SecretStr(database_url),
        kafka_bootstrap=kafka_bootstrap,
        topic_prefix=await topics("pep", partitions=1),
    )
    world, key, because = World(pool, store, settings), new_id(), cause()

    async def refuse(_: Connection, event: TargetSubmitted, __: Any) -> None:
        if event.statement == "bad":
            raise RuntimeError("cannot take this one")

    async with world.relaying():
        async with world.following(summing("a", refuse)):
            await world.say(key, "good", "bad", "after")
            await eventually(lambda: _waiting(pool, 2))
            await parking_desk.skip(pool, store, COUNTER.stream(key), None, "said twice", because)
            await eventually(lambda: world.has(2))
        done = await world.rebuild(summing("b", refuse))
        assert done.switched
        assert await world.page() == (2, 2, ["b"])
        assert [str(each) for each in done.skipped] == [
            f"publication 2 (TargetSubmitted) of {COUNTER.stream(key)}: said twice"
        ]


async def test_an_event_that_queues_up_while_its_stream_is_released_is_not_lost(
    pool: Pool,
) -> None:
    """One worker finds the queue empty while another, which has the partition, adds to it."""
    where = TopicPartition("pep", 0)
    first, second = (Parcel("pep", "counter-1", number, {}, b"{}") for number in (1, 2))
    async with pool.acquire() as mine, pool.acquire() as theirs:
        await parking.park(mine, "counting", where, first, "RuntimeError")
        await parking.leave_queue(mine, "counting", first)
        async with mine.transaction():
            await parking.queue(mine, "counting", second)
            releasing = asyncio.create_task(_release(theirs))
            await eventually(lambda: waits_for_a_lock(pool))
        await releasing
    assert await parking.head(pool, "counting", "pep", "counter-1") == second
    assert [each.waiting for each in await list_parked(pool)] == [1]


async def _release(connection: Connection) -> None:
    async with connection.transaction():
        await parking.release(connection, "counting", "pep", "counter-1")


async def _is(pool: Pool, key: UUID, statements: list[str]) -> bool:
    return await taken(pool, key) == statements


async def _waiting(pool: Pool, number: int) -> bool:
    return [each.waiting for each in await list_parked(pool)] == [number]


async def _none_parked(pool: Pool) -> bool:
    return not await list_parked(pool)
