"""One consumer for several subscriptions: none waits for one that is new, slow or in trouble."""

import asyncio
from functools import partial

import pytest
from counting import COUNTING, summing
from machinery import assert_each_once_in_order, counted, fed, following, relaying, say

from epep_events.envelope import Metadata
from epep_events.pep import TargetSubmitted
from epep_local.testing import TopicFactory
from epep_runtime import feed as feeding
from epep_runtime import tap as tapping
from epep_runtime.broker import Broker
from epep_runtime.bus import Bus
from epep_runtime.event_store import EventStore
from epep_runtime.feed import Feed
from epep_runtime.ids import new_id
from epep_runtime.postgres import Connection, Pool
from epep_runtime.runner import Runner
from epep_runtime.testing import eventually

pytestmark = pytest.mark.servers


@pytest.fixture(autouse=True)
def little_room(monkeypatch: pytest.MonkeyPatch) -> None:
    """A few events are far, and many."""
    monkeypatch.setattr(feeding, "NEAR", 5)
    monkeypatch.setattr(feeding, "PATIENCE_SECONDS", 0.05)
    monkeypatch.setattr(tapping, "ROOM", 5)


class Held:
    """Stops at its first event until it may go on."""

    def __init__(self) -> None:
        self.reached, self.go_on = asyncio.Event(), asyncio.Event()

    async def wait(self, _: Connection, __: TargetSubmitted, ___: Metadata) -> None:
        self.reached.set()
        await self.go_on.wait()


async def test_a_new_subscription_reads_alone_while_the_others_go_on(
    pool: Pool, store: EventStore, kafka_bootstrap: str, topics: TopicFactory
) -> None:
    """It begins at the beginning, however long ago that is, and joins when it has caught up."""
    prefix, key, held = await topics("pep", partitions=2), new_id(), Held()
    bus = Bus(Broker(kafka_bootstrap), prefix, "test")
    async with relaying(pool, store, kafka_bootstrap, f"{prefix}pep"):
        async with following(pool, store, bus, COUNTING):
            await say(pool, store, key, *(["old"] * 40))
            await eventually(lambda: _has(pool, 40))
        feed = Feed(bus, "projectors", ["pep"])
        async with fed(pool, store, bus, feed, summing(before=held.wait), COUNTING):
            await asyncio.wait_for(held.reached.wait(), 60)
            await say(pool, store, key, *(["new"] * 20))
            await eventually(lambda: _has(pool, 60))
            assert await _summed(pool, 0), "the new one still stands at its first event"
            held.go_on.set()
            await eventually(lambda: _summed(pool, 60))
            await say(pool, store, key, "newest")
            await eventually(lambda: _summed(pool, 61))
    await assert_each_once_in_order(pool, 61)
    assert await _lines(pool) == list(range(1, 62))


async def test_a_slow_subscription_holds_the_others_back_for_a_moment_only(
    pool: Pool, store: EventStore, kafka_bootstrap: str, topics: TopicFactory
) -> None:
    """What it did not take it reads for itself; nothing is lost or repeated by that."""
    prefix, key, held = await topics("pep", partitions=1), new_id(), Held()
    bus = Bus(Broker(kafka_bootstrap), prefix, "test")
    feed = Feed(bus, "projectors", ["pep"])
    async with (
        relaying(pool, store, kafka_bootstrap, f"{prefix}pep"),
        fed(pool, store, bus, feed, COUNTING, summing(before=held.wait)) as runners,
    ):
        await eventually(lambda: _all_joined(runners))
        for number in range(1, 31):
            await say(pool, store, key, f"{number}")
            await eventually(partial(_has, pool, number))
        assert await _summed(pool, 0)
        held.go_on.set()
        await eventually(lambda: _summed(pool, 30))
    await assert_each_once_in_order(pool, 30)
    assert await _lines(pool) == list(range(1, 31))


async def test_one_that_fails_does_not_stop_the_others_and_comes_back(
    pool: Pool, store: EventStore, kafka_bootstrap: str, topics: TopicFactory
) -> None:
    """A subscription whose connection breaks leaves the feed, and finds its place again."""
    prefix, key = await topics("pep", partitions=2), new_id()
    breaks = iter([True, True, False])

    async def breaking(connection: Connection, _: TargetSubmitted, __: Metadata) -> None:
        if next(breaks, False):
            raise ConnectionResetError("the database was killed")

    bus = Bus(Broker(kafka_bootstrap), prefix, "test")
    feed = Feed(bus, "projectors", ["pep"])
    async with (
        relaying(pool, store, kafka_bootstrap, f"{prefix}pep"),
        fed(pool, store, bus, feed, COUNTING, summing(before=breaking)) as runners,
    ):
        await eventually(lambda: _all_joined(runners))
        await say(pool, store, key, *(["one"] * 20))
        await eventually(lambda: _has(pool, 20))
        await eventually(lambda: _summed(pool, 20))
        await eventually(lambda: _all_joined(runners))
    await assert_each_once_in_order(pool, 20)
    assert await _lines(pool) == list(range(1, 21))


async def test_workers_share_partitions_for_all_their_subscriptions_together(
    pool: Pool, store: EventStore, kafka_bootstrap: str, topics: TopicFactory
) -> None:
    """Whoever holds a partition does it for each subscription; one that stops is replaced."""
    prefix, keys = await topics("pep", partitions=4), [new_id() for _ in range(8)]
    bus = Bus(Broker(kafka_bootstrap), prefix, "test")
    both = (COUNTING, summing())
    async with (
        relaying(pool, store, kafka_bootstrap, f"{prefix}pep"),
        fed(pool, store, bus, Feed(bus, "projectors", ["pep"]), *both) as staying,
    ):
        async with fed(pool, store, bus, Feed(bus, "projectors", ["pep"]), *both) as leaving:
            await eventually(lambda: _shared(staying, leaving, 4))
            for key in keys:
                await say(pool, store, key, *(["shared"] * 6))
            await eventually(lambda: _has(pool, 48))
        for key in keys:
            await say(pool, store, key, "taken over")
        await eventually(lambda: _has(pool, 56))
        await eventually(lambda: _summed(pool, 56))
    await assert_each_once_in_order(pool, 56)


async def _has(pool: Pool, number: int) -> bool:
    return await counted(pool) == number


async def _summed(pool: Pool, number: int) -> bool:
    return bool(await pool.fetchval("SELECT count(*) FROM lines") == number)


async def _lines(pool: Pool) -> list[int]:
    return [row["version"] for row in await pool.fetch("SELECT version FROM lines ORDER BY ctid")]


async def _all_joined(runners: list[Runner]) -> bool:
    return all(runner.lag()["assigned"] for runner in runners)


async def _shared(some: list[Runner], others: list[Runner], partitions: int) -> bool:
    """Tell whether both hold partitions, each for all its subscriptions, and all are held."""
    held = [[runner.lag()["assigned"] for runner in runners] for runners in (some, others)]
    alike = all(len(set(each)) == 1 and each[0] for each in held)
    return bool(alike and held[0][0] + held[1][0] == partitions)
