"""Kafka or PostgreSQL is killed under traffic; all comes back by itself, and nothing is lost."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import httpx
import pytest
import pytest_asyncio
from counting import COUNTING, COUNTING_SQL
from machinery import assert_each_once_in_order, counted, following, relaying, say
from mortal import Mortal
from submitting import router

from epep_local.databases import create_database
from epep_local.kafka import Kafka
from epep_local.places import cache_folder, ready
from epep_local.ports import free_port
from epep_local.postgres import Postgres
from epep_local.testing import TopicFactory
from epep_local.topics import create_topics
from epep_runtime.broker import Broker
from epep_runtime.bus import Bus
from epep_runtime.event_store import EventStore
from epep_runtime.ids import new_id
from epep_runtime.postgres import Pool
from epep_runtime.service import Service
from epep_runtime.testing import ServiceUnderTest, eventually, service_under_test

pytestmark = pytest.mark.servers
PERSON = new_id()


@pytest_asyncio.fixture(loop_scope="session")
async def broker(server_folder: Path) -> AsyncIterator[tuple[Mortal, str]]:
    """A broker of this test's own, and its address."""
    folder = server_folder / f"mortal-kafka-{new_id()}"
    server = Kafka(folder, ready(cache_folder()), folder / "log", free_port(), free_port())
    mortal = Mortal(server)
    await mortal.start()
    yield mortal, server.bootstrap
    await mortal.kill()


@pytest_asyncio.fixture(loop_scope="session")
async def postgres(server_folder: Path) -> AsyncIterator[tuple[Mortal, str]]:
    """A PostgreSQL of this test's own, durable as in earnest, and the URL of a database."""
    folder = server_folder / f"mortal-postgres-{new_id()}"
    server = Postgres(folder, server_folder / f"{folder.name}.log", free_port())
    mortal = Mortal(server)
    await mortal.start()
    yield mortal, await create_database(server.admin_url, "counting")
    await mortal.kill()


async def test_the_broker_is_killed_and_what_was_said_meanwhile_follows_in_order(
    pool: Pool, store: EventStore, broker: tuple[Mortal, str]
) -> None:
    """People go on writing while it is away; relay and subscriptions wait for it."""
    mortal, bootstrap = broker
    await create_topics(Broker(bootstrap), "own.", ["pep"], 3)
    keys, stop, said = [new_id() for _ in range(4)], asyncio.Event(), [0]

    async def write() -> None:
        while not stop.is_set():
            await say(pool, store, keys[said[0] % 4], "one more")
            said[0] += 1
            await asyncio.sleep(0.005)

    async with (
        relaying(pool, store, bootstrap, "own.pep"),
        following(pool, store, Bus(Broker(bootstrap), "own.", "test"), COUNTING),
    ):
        writing = asyncio.create_task(write())
        await eventually(lambda: _counted(pool, 50))
        await mortal.kill()
        before = said[0]
        await eventually(lambda: _true(said[0] >= before + 50))
        await mortal.start()
        await eventually(lambda: _counted(pool, before + 50))
        stop.set()
        await writing
        await eventually(lambda: _counted(pool, said[0]))
    await assert_each_once_in_order(pool, said[0])


@dataclass
class Clients:
    """People who send one change after another, each until it is acknowledged."""

    service: ServiceUnderTest
    acknowledged: int = 0
    refused: int = 0

    async def submit(self, key: UUID) -> None:
        """Send one change with a key of its own, again and again until it is answered."""
        headers = self.service.as_person(PERSON, ("330", "social_worker"))
        headers["Idempotency-Key"] = str(new_id())
        body = {"statement": "read a book a week", "size": 1}
        while True:
            with suppress(httpx.HTTPError):
                answer = await self.service.client.post(
                    f"/counters/{key}", json=body, headers=headers
                )
                if answer.status_code == 201:
                    self.acknowledged += 1
                    return
                assert answer.status_code == 503, answer.text
            self.refused += 1
            await asyncio.sleep(0.05)

    async def get_answers(self, number: int) -> None:
        """Wait for so many more changes that are acknowledged."""
        wanted = self.acknowledged + number
        await eventually(lambda: _true(self.acknowledged >= wanted))

    async def get_refusals(self, number: int) -> None:
        """Wait for so many more tries that are not."""
        wanted = self.refused + number
        await eventually(lambda: _true(self.refused >= wanted))


@asynccontextmanager
async def busy(clients: Clients, people: int) -> AsyncIterator[None]:
    """Let so many people work beside the body, each on a record of their own."""
    stop = asyncio.Event()

    async def work() -> None:
        key = new_id()
        while not stop.is_set():
            await clients.submit(key)

    tasks = [asyncio.create_task(work()) for _ in range(people)]
    try:
        yield
    finally:
        stop.set()
        await asyncio.gather(*tasks)


async def test_the_database_is_killed_and_every_acknowledged_change_is_there_once(
    postgres: tuple[Mortal, str], kafka_bootstrap: str, topics: TopicFactory, tmp_path: Path
) -> None:
    """Commands answer 503 meanwhile; they, the relay and the subscriptions come back."""
    mortal, url = postgres
    (tmp_path / "0001_counted.sql").write_text(COUNTING_SQL)
    service = Service("pep", "A service.", tmp_path, routers=[router], projectors=[COUNTING])
    async with service_under_test(service, url, kafka_bootstrap, await topics()) as running:
        clients, pool = Clients(running), running.process.pool
        async with busy(clients, 4):
            for _ in range(2):
                await clients.get_answers(30)
                await mortal.kill()
                await clients.get_refusals(4)
                await mortal.start()
                await clients.get_answers(30)
        await eventually(lambda: _counted(pool, clients.acknowledged))
        await assert_each_once_in_order(pool, clients.acknowledged)
        submitted = "SELECT count(*) FROM events WHERE type = 'TargetSubmitted'"
        assert await pool.fetchval(submitted) == clients.acknowledged

        async def well() -> bool:
            return bool((await running.process.health())["status"] == "ok")

        await eventually(well)


async def _counted(pool: Pool, number: int) -> bool:
    return await counted(pool) >= number


async def _true(is_so: bool) -> bool:
    return is_so
