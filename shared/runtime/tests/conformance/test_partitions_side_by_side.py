"""A worker of several partitions: a reactor takes them side by side, a projector in turn."""

from dataclasses import dataclass

import pytest
from machinery import all_sent, following, relaying, say

from epep_events.envelope import Metadata
from epep_events.pep import TargetSubmitted
from epep_local.testing import TopicFactory
from epep_runtime.broker import Broker
from epep_runtime.bus import Bus
from epep_runtime.event_store import EventStore
from epep_runtime.ids import new_id
from epep_runtime.postgres import Connection, Pool
from epep_runtime.subscriptions import Projector, Reaction, Reactor, Subscription
from epep_runtime.testing import eventually

pytestmark = pytest.mark.servers
STREAMS, EACH = 16, 3
BEFORE = "before its first start"


@dataclass
class Crowd:
    """Counts the handlers at work, and the most that there ever were at once."""

    done: int = 0
    inside: int = 0
    most: int = 0

    async def act(self, reaction: Reaction, event: TargetSubmitted, meta: Metadata) -> None:
        await self.project(reaction.connection, event, meta)

    async def project(self, connection: Connection, event: TargetSubmitted, _: Metadata) -> None:
        self.inside += 1
        self.most = max(self.most, self.inside)
        await connection.execute("SELECT pg_sleep(0.01)")
        self.inside -= 1
        self.done += event.statement != BEFORE


async def most_at_once(
    subscription: Subscription,
    crowd: Crowd,
    pool: Pool,
    store: EventStore,
    kafka_bootstrap: str,
    prefix: str,
) -> int:
    """Return how many handlers were at work at once, with all events in Kafka before any."""
    bus = Bus(Broker(kafka_bootstrap), prefix, "test")

    async def has_begun() -> bool:
        return bool(await pool.fetchval("SELECT count(*) > 0 FROM places"))

    async def is_done() -> bool:
        return crowd.done == STREAMS * EACH

    async with relaying(pool, store, kafka_bootstrap, f"{prefix}pep"):
        await say(pool, store, new_id(), BEFORE)
        await eventually(lambda: all_sent(pool))
        async with following(pool, store, bus, subscription):
            await eventually(has_begun)
        for _ in range(STREAMS):
            await say(pool, store, new_id(), *map(str, range(EACH)))
        await eventually(lambda: all_sent(pool))
        async with following(pool, store, bus, subscription):
            await eventually(is_done)
    return crowd.most


async def test_a_reactor_acts_on_several_partitions_at_once(
    pool: Pool, store: EventStore, kafka_bootstrap: str, topics: TopicFactory
) -> None:
    """Each of its events is a transaction, whose wait for the disk another partition can use."""
    crowd = Crowd()
    reactor = Reactor("crowding", ("pep",), {TargetSubmitted: crowd.act})
    prefix = await topics("pep", partitions=4)
    assert await most_at_once(reactor, crowd, pool, store, kafka_bootstrap, prefix) > 1


async def test_a_live_read_model_takes_its_partitions_in_turn(
    pool: Pool, store: EventStore, kafka_bootstrap: str, topics: TopicFactory
) -> None:
    """Its handlers may read what those of another partition write."""
    crowd = Crowd()
    projector = Projector("crowded", ("pep",), (), {TargetSubmitted: crowd.project})
    prefix = await topics("pep", partitions=4)
    assert await most_at_once(projector, crowd, pool, store, kafka_bootstrap, prefix) == 1
