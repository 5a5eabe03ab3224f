"""P4: from commit to what another service shows, against a bare produce and consume."""

import asyncio
import random
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date
from statistics import median
from typing import Any

import asyncpg
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from epep_bench.appending import cause
from epep_bench.arithmetic import Outcome, Rounds, at_most, percentile
from epep_bench.keyrings import keyring
from epep_bench.processes import service
from epep_bench.rounds import in_turn
from epep_bench.servers import Servers
from epep_events.pep import ChildRegistered
from epep_runtime.ids import new_id
from epep_runtime.migrations import migrate
from epep_runtime.postgres import Pool
from epep_runtime.service import Running, running
from epep_runtime.settings import Settings
from meeting_service.main import SERVICE as MEETING
from pep_service.main import SERVICE as PEP

ONE_ROUND, WARM = 150, 30
LOOK_SECONDS = 0.0005
LONGEST_GAP = 0.02


def child() -> ChildRegistered:
    """Return a child who has just been registered."""
    return ChildRegistered(
        child_id=new_id(),
        social_care_id="B0000001",
        first_name="Robin",
        last_name="Ashford",
        date_of_birth=date(2012, 10, 1),
        sex="1",
        ethnicity="WBRI",
    )


class ThroughServices:
    """pep-service's log and relay in this process; meeting-service in one of its own."""

    def __init__(self, pep: Running, meeting: Pool) -> None:
        self._pep, self._meeting = pep, meeting

    async def p95(self) -> float:
        """Return the 95th percentile of a round, in milliseconds."""
        seconds = [await self._one() for _ in range(ONE_ROUND)]
        return percentile(seconds, 95) * 1000

    async def _one(self) -> float:
        await asyncio.sleep(random.uniform(0, LONGEST_GAP))  # noqa: S311
        event, store = child(), self._pep.store
        async with self._pep.pool.acquire() as connection:
            await store.append(connection, f"child-{event.child_id}", 0, [event], cause())
        committed = time.perf_counter()
        sql = "SELECT true FROM access_children WHERE child_id = $1"
        async with self._meeting.acquire() as connection:
            while not await connection.fetchval(sql, event.child_id):  # noqa: ASYNC110
                await asyncio.sleep(LOOK_SECONDS)
        return time.perf_counter() - committed


class ThroughKafka:
    """One producer and one consumer, which does nothing with what it gets."""

    def __init__(self, producer: Any, consumer: Any, topic: str) -> None:
        self._producer, self._consumer, self._topic = producer, consumer, topic
        self._value = child().model_dump_json().encode()

    async def p95(self) -> float:
        """Return the 95th percentile of a round, in milliseconds."""
        seconds = [await self._one() for _ in range(ONE_ROUND)]
        return percentile(seconds, 95) * 1000

    async def _one(self) -> float:
        await asyncio.sleep(random.uniform(0, LONGEST_GAP))  # noqa: S311
        begun = time.perf_counter()
        sending = asyncio.create_task(
            self._producer.send_and_wait(self._topic, self._value, key=new_id().bytes)
        )
        await self._consumer.getone()
        seconds = time.perf_counter() - begun
        await sending
        return seconds


@asynccontextmanager
async def through_kafka(servers: Servers, prefix: str) -> AsyncIterator[ThroughKafka]:
    """Open a producer and a consumer as ours are set up."""
    topic = f"{prefix}qa"
    producer = AIOKafkaProducer(bootstrap_servers=servers.kafka, enable_idempotence=True)
    consumer = AIOKafkaConsumer(
        topic,
        bootstrap_servers=servers.kafka,
        group_id=f"{prefix}bare",
        auto_offset_reset="earliest",
    )
    await producer.start()
    await consumer.start()
    try:
        while not consumer.assignment():
            await consumer.getmany(timeout_ms=100)
        yield ThroughKafka(producer, consumer, topic)
    finally:
        await consumer.stop()
        await producer.stop()


@asynccontextmanager
async def through_services(servers: Servers, prefix: str) -> AsyncIterator[ThroughServices]:
    """Run the two services; what pep-service says is published by its own relay."""
    pep, meeting = await servers.database("pep"), await servers.database("meeting")
    await migrate(pep, PEP.all_migrations())
    await migrate(meeting, MEETING.all_migrations())
    settings = Settings.model_validate(
        {
            "database_url": pep,
            "kafka_bootstrap": servers.kafka,
            "topic_prefix": prefix,
            "roles": "api,relay",
        }
    )
    pool = await asyncpg.create_pool(meeting, min_size=1, max_size=1)
    try:
        async with (
            running(PEP, settings) as said,
            service(servers, "meeting_service", meeting, prefix, "api,projectors"),
        ):
            yield ThroughServices(said, pool)
    finally:
        await pool.close()


async def from_commit_to_seen(servers: Servers) -> Outcome:
    """P4: commit in pep-service to a row in meeting-service, against Kafka alone."""
    prefix = await servers.topics()
    async with (
        keyring(servers),
        through_services(servers, prefix) as ours,
        through_kafka(servers, prefix) as bare,
    ):
        rounds: Rounds = await in_turn(ours.p95, bare.p95)
    return Outcome(
        "P4",
        f"commit to visible in another service's read model, p95 of {ONE_ROUND} one by one",
        f"{median(rounds.ours):.1f} ms",
        f"bare aiokafka produce to consume, p95: {median(rounds.bare):.1f} ms",
        f"{rounds.ratio:.1f}",
        "at most 5",
        at_most(rounds, 5.0),
        rounds.spread,
    )
