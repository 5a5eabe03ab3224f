"""Subscriptions: each event has its effect once, whoever dies, joins or comes back late."""

import asyncio
from typing import Any

import pytest
from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from counting import COUNTER, COUNTING, cause, count_it
from machinery import assert_each_once_in_order, counted, following, relaying, say

from epep_events.envelope import Metadata
from epep_events.pep import SettingRegistered, TargetSubmitted
from epep_local.testing import TopicFactory
from epep_runtime.broker import Broker
from epep_runtime.bus import Bus
from epep_runtime.event_store import EventStore
from epep_runtime.handling import Handling
from epep_runtime.ids import new_id
from epep_runtime.places import Place, PlaceLostError, move_place
from epep_runtime.postgres import Connection, Pool
from epep_runtime.subscriptions import Projector, Reaction, Reactor
from epep_runtime.testing import eventually

pytestmark = pytest.mark.servers


class Held:
    """The counting read model, whose handler stops in mid-batch until it may go on."""

    def __init__(self) -> None:
        self.reached, self.go_on = asyncio.Event(), asyncio.Event()

    async def take(self, connection: Connection, event: TargetSubmitted, meta: Metadata) -> None:
        await count_it(connection, event, meta)
        if event.statement == "wait":
            self.reached.set()
            await self.go_on.wait()

    def projector(self) -> Projector:
        return Projector(COUNTING.name, ("pep",), COUNTING.tables, {TargetSubmitted: self.take})


async def test_a_worker_that_joins_in_mid_batch_gets_its_share_after_it(
    pool: Pool, store: EventStore, kafka_bootstrap: str, topics: TopicFactory
) -> None:
    """A rebalance waits for the batch under way; no event is lost or handled twice by it."""
    prefix = await topics("pep", partitions=4)
    keys, held = [new_id() for _ in range(12)], Held()
    bus = Bus(Broker(kafka_bootstrap), prefix, "test")
    for key in keys:
        await say(pool, store, key, "one", "wait" if key == keys[0] else "two", "three")
    async with relaying(pool, store, kafka_bootstrap, f"{prefix}pep"):
        await eventually(lambda: pool.fetchval("SELECT sent = 36 FROM relay_place"))
        async with following(pool, store, bus, held.projector()) as first:
            await asyncio.wait_for(held.reached.wait(), 60)
            before = await counted(pool)
            async with following(pool, store, bus, held.projector()) as second:
                await eventually(lambda: _is_rebalancing(kafka_bootstrap, f"{prefix}test.counting"))
                assert await counted(pool) == before, "the batch is not cut in two"
                held.go_on.set()

                async def shared() -> bool:
                    held_by = [each.lag()["assigned"] for each in (first, second)]
                    return sum(held_by) == 4 and all(held_by)

                await eventually(shared)
                for key in keys:
                    await say(pool, store, key, "four")
                await eventually(lambda: _has(pool, 48))
    await assert_each_once_in_order(pool, 48)


async def test_a_zombie_whose_partitions_another_has_taken_leaves_no_trace(
    pool: Pool, store: EventStore, kafka_bootstrap: str, topics: TopicFactory
) -> None:
    """It finds its place moved, loses what it wrote, and goes on from where the other is.

    The other worker is of another Kafka group, so that the broker gives it the partitions that
    the first still believes to hold.
    """
    prefix = await topics("pep", partitions=2)
    key, held = new_id(), Held()
    await say(pool, store, key, "one", "wait", "three")
    async with (
        relaying(pool, store, kafka_bootstrap, f"{prefix}pep"),
        following(pool, store, Bus(Broker(kafka_bootstrap), prefix, "zombie"), held.projector()),
    ):
        await asyncio.wait_for(held.reached.wait(), 60)
        async with following(pool, store, Bus(Broker(kafka_bootstrap), prefix, "other"), COUNTING):
            await eventually(lambda: _has(pool, 3))
        held.go_on.set()
        await say(pool, store, key, "four")  # by the former zombie, from the other's place
        await eventually(lambda: _has(pool, 4))
    await assert_each_once_in_order(pool, 4)


async def test_a_place_is_moved_only_from_where_it_was(pool: Pool) -> None:
    """Compare-and-set, on offset and publication number; it is what stops a zombie."""
    where = TopicPartition("t", 0)
    async with pool.acquire() as connection:
        await move_place(connection, "s", where, Place(0, 0), Place(5, 5))
        with pytest.raises(PlaceLostError):
            await move_place(connection, "s", where, Place(0, 0), Place(3, 3))
        await move_place(connection, "s", where, Place(5, 5), Place(6, 6))
        with pytest.raises(PlaceLostError):
            await move_place(connection, "other", where, Place(5, 5), Place(6, 6))


async def test_an_event_that_fails_is_tried_again_and_result_and_place_go_together(
    pool: Pool, store: EventStore, kafka_bootstrap: str, topics: TopicFactory
) -> None:
    """What a handler wrote before it failed is gone: each try begins afresh."""
    prefix = await topics("pep")
    key, failures = new_id(), iter([True, True, False])

    async def stumble(connection: Connection, event: TargetSubmitted, _: object) -> None:
        await connection.execute("INSERT INTO counted VALUES ('x', 1, $1, 1)", event.statement)
        if next(failures, False):
            raise RuntimeError("stumbled after writing")

    projector = Projector("stumbling", ("pep",), ("counted",), {TargetSubmitted: stumble})
    async with (
        relaying(pool, store, kafka_bootstrap, f"{prefix}pep"),
        following(pool, store, Bus(Broker(kafka_bootstrap), prefix, "test"), projector),
    ):
        await say(pool, store, key, "one")
        await eventually(lambda: pool.fetchval("SELECT next_offset FROM places"))
    assert await counted(pool) == 1


async def test_a_new_projector_starts_at_the_beginning(
    pool: Pool, store: EventStore, kafka_bootstrap: str, topics: TopicFactory
) -> None:
    """A read model that is added years later tells of all those years."""
    prefix = await topics("pep")
    await say(pool, store, new_id(), "one", "two")
    async with relaying(pool, store, kafka_bootstrap, f"{prefix}pep"):
        await eventually(lambda: pool.fetchval("SELECT sent = 2 FROM relay_place"))
    async with following(pool, store, Bus(Broker(kafka_bootstrap), prefix, "test"), COUNTING):
        await eventually(lambda: _has(pool, 2))


async def test_a_reactor_starts_at_its_first_starts_end_and_never_goes_back(
    pool: Pool, store: EventStore, kafka_bootstrap: str, topics: TopicFactory
) -> None:
    """It acts on what is said from then on, also on what is said while it does not run."""
    prefix = await topics("pep")
    key, bus = new_id(), Bus(Broker(kafka_bootstrap), prefix, "test")
    reactor = Reactor("answering", ("pep",), {TargetSubmitted: _answer})
    async with relaying(pool, store, kafka_bootstrap, f"{prefix}pep"):
        await say(pool, store, key, "before its first start")
        await eventually(lambda: pool.fetchval("SELECT sent = 1 FROM relay_place"))
        async with following(pool, store, bus, reactor) as runner:
            await eventually(lambda: _joined(runner))
        await say(pool, store, key, "while it is away")
        async with following(pool, store, bus, reactor):
            await eventually(lambda: _answers(pool, 1))
            await say(pool, store, key, "while it is there")
            await eventually(lambda: _answers(pool, 2))
    rows = await pool.fetch("SELECT stream_id FROM events WHERE type = 'SettingRegistered'")
    assert len({row["stream_id"] for row in rows}) == 2


async def test_what_does_not_concern_a_subscription_costs_it_no_transaction(
    pool: Pool,
    store: EventStore,
    kafka_bootstrap: str,
    topics: TopicFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It is passed over in memory; the place follows with the next that does, or a second later."""
    prefix = await topics("pep", partitions=1)
    bus, acted, handed = Bus(Broker(kafka_bootstrap), prefix, "test"), list[str](), list[int]()
    handle = Handling.handle

    async def counting(
        own: Handling, where: TopicPartition, place: Place, parcels: Any, reached: Place
    ) -> Place:
        handed.append(len(parcels))
        return await handle(own, where, place, parcels, reached)

    async def act(_: Reaction, event: SettingRegistered, __: object) -> None:
        acted.append(event.urn)

    reactor = Reactor("acting", ("pep",), {SettingRegistered: act})
    async with relaying(pool, store, kafka_bootstrap, f"{prefix}pep"):
        async with following(pool, store, bus, reactor) as runner:
            await eventually(lambda: _joined(runner))
        for urn in ("1", "2"):
            await say(pool, store, new_id(), *("nothing to it",) * 20)
            await _register(pool, store, urn)
        await say(pool, store, new_id(), *("nothing to it",) * 20)
        await eventually(lambda: pool.fetchval("SELECT sent = 62 FROM relay_place"))
    monkeypatch.setattr(Handling, "handle", counting)
    async with following(pool, store, bus, reactor):
        await eventually(lambda: pool.fetchval("SELECT max(next_offset) = 62 FROM places"))
    assert acted == ["1", "2"]
    assert handed == [1, 1]


async def test_what_was_passed_over_is_stored_by_nobody_who_lost_the_partition(
    pool: Pool,
    store: EventStore,
    kafka_bootstrap: str,
    topics: TopicFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A worker that finds its place moved goes on from there, and not from where it believed."""
    monkeypatch.setattr("epep_runtime.runner.STORE_SECONDS", 3600.0)
    prefix = await topics("pep", partitions=1)

    async def list_it(connection: Connection, event: SettingRegistered, _: object) -> None:
        await connection.execute("INSERT INTO counted VALUES ('x', 1, $1, 1)", event.urn)

    settings = Projector("settings", ("pep",), ("counted",), {SettingRegistered: list_it})
    bus = Bus(Broker(kafka_bootstrap), prefix, "test")
    async with (
        relaying(pool, store, kafka_bootstrap, f"{prefix}pep"),
        following(pool, store, bus, settings) as runner,
    ):
        await eventually(lambda: _joined(runner))
        await say(pool, store, new_id(), *("nothing to it",) * 5)
        [(where, held)] = runner.holding.partitions.items()

        async def passed() -> bool:
            return held.reached.next_offset == 5

        await eventually(passed)
        assert held.stored == Place(0, 0)
        async with pool.acquire() as connection:  # another worker has taken the first three
            await move_place(connection, "settings", where, Place(0, 0), Place(3, 3))
        await _register(pool, store, "1")
        await eventually(lambda: pool.fetchval("SELECT next_offset = 6 FROM places"))
    assert await counted(pool) == 1


async def test_lag_is_told_in_events_and_in_the_age_of_the_oldest_that_waits(
    pool: Pool, store: EventStore, kafka_bootstrap: str, topics: TopicFactory
) -> None:
    """Per subscription; nothing to do is no lag, however long ago the last event was."""
    prefix = await topics("pep", partitions=1)
    held = Held()
    async with (
        relaying(pool, store, kafka_bootstrap, f"{prefix}pep"),
        following(
            pool, store, Bus(Broker(kafka_bootstrap), prefix, "test"), held.projector()
        ) as runner,
    ):
        await eventually(lambda: _joined(runner))
        assert (runner.lag()["lag_events"], runner.lag()["lag_seconds"]) == (0, 0.0)
        await say(pool, store, new_id(), "wait", "two")
        await asyncio.wait_for(held.reached.wait(), 60)

        async def late() -> bool:
            lag = runner.lag()
            return bool(lag["lag_events"] == 2 and lag["lag_seconds"] >= 0.3)

        await eventually(late)
        held.go_on.set()
        await eventually(lambda: _has(pool, 2))

        async def level() -> bool:
            return (runner.lag()["lag_events"], runner.lag()["lag_seconds"]) == (0, 0.0)

        await eventually(level)


async def _answer(reaction: Reaction, event: TargetSubmitted, _: object) -> None:
    made = SettingRegistered(urn="1", name=event.statement, phase="x", authority_code="330")
    await reaction.append(COUNTER, f"answer-{reaction.meta.event_id}", lambda _: [made])


async def _register(pool: Pool, store: EventStore, urn: str) -> None:
    made = SettingRegistered(urn=urn, name="x", phase="x", authority_code="330")
    async with pool.acquire() as connection, connection.transaction():
        await store.append(connection, f"setting-{urn}", 0, [made], cause())


async def _answers(pool: Pool, number: int) -> bool:
    found = await pool.fetchval("SELECT count(*) FROM events WHERE type = 'SettingRegistered'")
    return bool(found == number)


async def _joined(runner: Any) -> bool:
    return bool(runner.lag()["assigned"])


async def _has(pool: Pool, number: int) -> bool:
    return await counted(pool) >= number


async def _is_rebalancing(bootstrap: str, group: str) -> bool:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        [answer] = await admin.describe_consumer_groups([group])
    finally:
        await admin.close()
    return "Rebalance" in str(answer)
