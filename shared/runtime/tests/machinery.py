"""What the conformance suite shares: parts of the machinery beside a test, and what they did."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

from counting import COUNTER, cause, submitted

from epep_runtime.broker import Broker
from epep_runtime.bus import Bus
from epep_runtime.event_store import EventStore
from epep_runtime.feed import Feed
from epep_runtime.postgres import Pool
from epep_runtime.relay import Relay
from epep_runtime.runner import Runner
from epep_runtime.subscriptions import Subscription


@asynccontextmanager
async def relaying(
    pool: Pool, store: EventStore, bootstrap: str, topic: str
) -> AsyncIterator[Relay]:
    """Run a relay beside the body, to a broker without TLS or log-in."""
    async with relaying_by(Relay(pool, store, Broker(bootstrap), topic)) as relay:
        yield relay


@asynccontextmanager
async def relaying_by(relay: Relay) -> AsyncIterator[Relay]:
    """Run this relay beside the body."""
    task = asyncio.create_task(relay.run())
    try:
        yield relay
    finally:
        relay.stop()
        await task


@asynccontextmanager
async def following(
    pool: Pool, store: EventStore, bus: Bus, subscription: Subscription
) -> AsyncIterator[Runner]:
    """Run one worker of a subscription beside the body, with a feed that no other shares."""
    feed = Feed(bus, subscription.name, subscription.contexts)
    async with fed(pool, store, bus, feed, subscription) as [runner]:
        yield runner


@asynccontextmanager
async def fed(
    pool: Pool, store: EventStore, bus: Bus, feed: Feed, *subscriptions: Subscription
) -> AsyncIterator[list[Runner]]:
    """Run a feed and workers of these subscriptions beside the body."""
    runners = [Runner(pool, store, bus, each, feed=feed) for each in subscriptions]
    parts: list[Feed | Runner] = [feed, *runners]
    tasks = [asyncio.create_task(part.run()) for part in parts]
    try:
        yield runners
    finally:
        for part in parts:
            part.stop()
        await asyncio.gather(*tasks)


async def say(pool: Pool, store: EventStore, key: UUID, *statements: str) -> None:
    """Append one event for each statement, in one transaction."""
    async with pool.acquire() as connection, connection.transaction():
        version = (await store.load(connection, COUNTER, key)).version
        events = [submitted(key, statement) for statement in statements]
        await store.append(connection, COUNTER.stream(key), version, events, cause(), about=key)


async def all_sent(pool: Pool) -> bool:
    """Tell whether the topic has every event: a rebuild takes what it finds there."""
    sent = "SELECT (SELECT count(*) FROM events) = sent FROM relay_place"
    return bool(await pool.fetchval(sent))


async def waits_for_a_lock(pool: Pool) -> bool:
    """Tell whether somebody in this database waits for another's lock."""
    waits = (
        "SELECT count(*) > 0 FROM pg_stat_activity"
        " WHERE wait_event_type = 'Lock' AND datname = current_database()"
    )
    return bool(await pool.fetchval(waits))


async def counted(pool: Pool) -> int:
    """Return how many rows the read model has."""
    return int(await pool.fetchval("SELECT count(*) FROM counted"))


async def taken(pool: Pool, key: UUID) -> list[str]:
    """Return the statements of a stream that the read model has taken, in that order."""
    rows = await pool.fetch(
        "SELECT statement FROM counted WHERE stream_id = $1 ORDER BY at", COUNTER.stream(key)
    )
    return [row["statement"] for row in rows]


async def assert_each_once_in_order(pool: Pool, events: int) -> None:
    """Assert that the read model took so many events: no other, none twice, in stream order."""
    versions: dict[str, list[int]] = defaultdict(list)
    for row in await pool.fetch("SELECT stream_id, version FROM counted ORDER BY at"):
        versions[row["stream_id"]].append(row["version"])
    for stream, found in versions.items():
        assert found == list(range(1, len(found) + 1)), stream
    assert sum(map(len, versions.values())) == events
