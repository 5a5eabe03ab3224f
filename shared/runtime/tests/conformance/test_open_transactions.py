"""A stalled transaction holds the relay back: it is seen, it is reported, it is ended."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from counting import COUNTING
from machinery import counted, following, relaying, say

from epep_events.contexts import catalog
from epep_local.testing import DatabaseFactory, TopicFactory
from epep_runtime import open_transactions, postgres
from epep_runtime.broker import Broker
from epep_runtime.bus import Bus
from epep_runtime.event_store import EventStore
from epep_runtime.ids import new_id
from epep_runtime.metrics import exposition
from epep_runtime.open_transactions import OpenTransactions
from epep_runtime.postgres import Connection, Pool, open_pool, take_long
from epep_runtime.service import Running, Service
from epep_runtime.settings import Settings
from epep_runtime.testing import eventually

pytestmark = pytest.mark.servers
BEGIN_AND_WRITE = "BEGIN; SELECT pg_current_xact_id()"
DEAD = (asyncpg.PostgresError, asyncpg.InterfaceError)


@asynccontextmanager
async def stalling(url: str) -> AsyncIterator[Connection]:
    """Open a transaction as a service would, write in it, and then do nothing."""
    pool = await open_pool(url, 1)
    connection = await pool.acquire()
    try:
        await connection.execute(BEGIN_AND_WRITE)
        yield connection
    finally:
        pool.terminate()


class Noted:
    """What was logged."""

    def __init__(self) -> None:
        self.warnings: list[tuple[str, Any]] = []

    def warning(self, event: str, **said: Any) -> None:
        self.warnings.append((event, said["who"]))


async def test_it_is_seen_while_what_was_committed_later_waits(
    pool: Pool,
    store: EventStore,
    database_url: str,
    kafka_bootstrap: str,
    topics: TopicFactory,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Readiness says so in a sentence, a metric gives its age, the log warns once."""
    monkeypatch.setattr(open_transactions, "WARN_SECONDS", 0.3)
    monkeypatch.setattr(postgres, "STALLED_TRANSACTION", "5min")  # it is not to end by itself
    noted = Noted()
    monkeypatch.setattr(open_transactions, "log", noted)
    prefix = await topics("pep")
    settings = Settings(database_url=database_url, kafka_bootstrap=kafka_bootstrap)
    process = Running(
        Service("pep", "a service", tmp_path), settings, pool, catalog(), settings.keyring()
    )
    process.runners.clear()  # they do not run here
    bus = Bus(Broker(kafka_bootstrap), prefix, "test")
    async with (
        stalling(database_url) as stalled,
        relaying(pool, store, kafka_bootstrap, f"{prefix}pep"),
        following(pool, store, bus, COUNTING),
    ):
        await say(pool, store, new_id(), "committed later")

        async def reported() -> bool:
            report = await process.health()
            assert report["warnings"]
            [warning] = report["warnings"]
            assert warning.startswith("A transaction that has been open for ")
            assert "holds the relay back: epep_admin, process" in warning
            return bool(report["status"] == "ok" and report["relay"]["unsent_events"] == 1)

        await eventually(reported)
        [line] = [
            line
            for line in (await exposition(process)).decode().splitlines()
            if line.startswith("epep_oldest_open_transaction_seconds ")
        ]
        assert float(line.split()[1]) >= 0.3
        await eventually(lambda: _warned(noted))
        assert await counted(pool) == 0
        await stalled.execute("COMMIT")
        await eventually(lambda: _has_one(pool))
    assert noted.warnings[0][0] == "a stalled transaction holds the relay back"
    assert (await process.health())["warnings"] == []


async def test_one_in_another_database_of_the_server_holds_nothing_back(
    pool: Pool,
    store: EventStore,
    database: DatabaseFactory,
    kafka_bootstrap: str,
    topics: TopicFactory,
) -> None:
    """What other services write, or anybody else on that server, is none of this relay's matter."""
    prefix = await topics("pep")
    async with (
        stalling(await database("elsewhere")),
        relaying(pool, store, kafka_bootstrap, f"{prefix}pep"),
        following(pool, store, Bus(Broker(kafka_bootstrap), prefix, "test"), COUNTING),
    ):
        await say(pool, store, new_id(), "committed later")
        await eventually(lambda: _has_one(pool))
        assert await OpenTransactions().look(pool) is None


async def test_the_server_ends_one_that_does_nothing(
    pool: Pool,
    store: EventStore,
    database_url: str,
    kafka_bootstrap: str,
    topics: TopicFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its time-out ends it, it is rolled back, and the relay goes on by itself."""
    monkeypatch.setattr(postgres, "STALLED_TRANSACTION", "500ms")
    prefix = await topics("pep")
    bus = Bus(Broker(kafka_bootstrap), prefix, "test")
    async with (
        stalling(database_url) as stalled,
        relaying(pool, store, kafka_bootstrap, f"{prefix}pep"),
        following(pool, store, bus, COUNTING),
    ):
        await say(pool, store, new_id(), "committed later")
        await eventually(lambda: _has_one(pool))
        with pytest.raises(DEAD):
            await stalled.execute("COMMIT")


async def test_the_server_ends_one_that_never_rests(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However busy it is, a transaction has an end (PostgreSQL 17 and later)."""
    monkeypatch.setattr(postgres, "LONGEST_TRANSACTION", "500ms")

    async def never_rest(connection: Connection) -> None:
        while True:
            await connection.execute("SELECT pg_sleep(0.01)")

    with pytest.raises(DEAD, match="transaction timeout"):
        async with stalling(database_url) as busy:
            await asyncio.wait_for(never_rest(busy), 60)


async def test_every_connection_of_a_service_has_both_limits(pool: Pool) -> None:
    """Also after it has been given back to the pool, which resets what was set in between."""
    for _ in range(2):
        async with pool.acquire() as connection:
            shown = [
                await connection.fetchval(f"SHOW {name}")
                for name in ("idle_in_transaction_session_timeout", "transaction_timeout")
            ]
            assert shown == ["15s", "1min"]


async def test_a_transaction_that_only_reads_may_take_its_time(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A comparison or an export of years of events holds nobody back."""
    monkeypatch.setattr(postgres, "LONGEST_TRANSACTION", "1s")
    pool = await open_pool(database_url, 2)
    try:
        async with pool.acquire() as connection, connection.transaction(readonly=True):
            await take_long(connection)
            await connection.execute("SELECT pg_sleep(1.2)")
            oldest = await OpenTransactions().look(pool)
            assert oldest is None or oldest.seconds < 1.2
    finally:
        await pool.close()


async def test_one_of_another_role_is_seen_although_its_beginning_is_hidden(
    database_url: str,
) -> None:
    """Its age counts from when it was first seen."""
    pool, watch = await open_pool(database_url, 1), OpenTransactions()
    try:
        async with stalling(database_url), pool.acquire() as connection:
            await connection.execute("SET ROLE pg_checkpoint")

            async def aged() -> bool:
                oldest = await watch.look(connection)
                assert oldest is not None
                assert oldest.who.startswith("epep_admin, process ")
                assert not oldest.who.endswith("idle in transaction")
                return oldest.seconds >= 0.2

            await eventually(aged)
    finally:
        pool.terminate()


async def _warned(noted: Noted) -> bool:
    return bool(noted.warnings)


async def _has_one(pool: Pool) -> bool:
    return await counted(pool) == 1
