"""A worker that is given partitions while the database is away gets going all the same."""

from __future__ import annotations

import asyncpg
import pytest
from counting import COUNTING
from machinery import assert_each_once_in_order, counted, following, relaying, say

from epep_local.testing import TopicFactory
from epep_runtime import runner
from epep_runtime.event_store import EventStore
from epep_runtime.ids import new_id
from epep_runtime.places import Place, read_places
from epep_runtime.postgres import Pool
from epep_runtime.runner import Bus
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

    monkeypatch.setattr(runner, "read_places", away_at_first)
    await say(pool, store, new_id(), "one", "two", "three")
    async with (
        relaying(pool, store, kafka_bootstrap, f"{prefix}pep"),
        following(pool, store, Bus(kafka_bootstrap, prefix, "test"), COUNTING) as worker,
    ):

        async def all_there() -> bool:
            return await counted(pool) == 3

        await eventually(all_there)
        assert worker.lag()["trouble"] is None
    assert asked > 1
    await assert_each_once_in_order(pool, 3)
