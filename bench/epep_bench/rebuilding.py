"""P3: the change log rebuilt from Kafka, against consuming and copying the same bytes."""

import os
import time
from statistics import median
from typing import Any

import asyncpg
from aiokafka import AIOKafkaConsumer, TopicPartition

from epep_bench.arithmetic import Outcome, at_least
from epep_bench.history import histories
from epep_bench.keyrings import keyring
from epep_bench.rounds import in_turn
from epep_bench.servers import Servers
from epep_bench.topic import fill
from epep_runtime.migrations import migrate
from epep_runtime.rebuild import rebuild
from epep_runtime.settings import Settings
from pep_service.main import SERVICE
from pep_service.read_models.change_log.projector import CHANGE_LOG

EVENTS = 200_000
AT_ONCE = 5_000
WORKERS = 2
BARE = "CREATE TABLE bare_log (stream_id bytea, headers bytea, value bytea)"


def silent(_done: int, _total: int) -> None:
    """Say nothing of the progress."""


async def consume_and_copy(bootstrap: str, topic: str, url: str) -> float:
    """Return events a second that come from Kafka and go by COPY into a table without indexes."""
    connection = await asyncpg.connect(url)
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, auto_offset_reset="earliest")
    try:
        await connection.execute(f"DROP TABLE IF EXISTS bare_log; {BARE}")
        begun = time.perf_counter()
        await consumer.start()
        where = [TopicPartition(topic, each) for each in range(6)]
        consumer.assign(where)
        wanted = sum((await consumer.end_offsets(where)).values())
        done = 0
        while done < wanted:
            fetched = await consumer.getmany(timeout_ms=200, max_records=AT_ONCE)
            rows: list[tuple[Any, ...]] = [
                (each.key, b"".join(value for _, value in each.headers), each.value)
                for messages in fetched.values()
                for each in messages
            ]
            if rows:
                await connection.copy_records_to_table("bare_log", records=rows)
            done += len(rows)
        return float(wanted) / (time.perf_counter() - begun)
    finally:
        await consumer.stop()
        await connection.close()


async def change_log_from_kafka(servers: Servers) -> Outcome:
    """P3: a rebuild with everything that it does, from beginning a generation to the switch."""
    url, prefix = await servers.database("rebuilding"), await servers.topics()
    events = int(os.environ.get("BENCH_EVENTS", EVENTS))
    await migrate(url, SERVICE.all_migrations())
    async with keyring(servers) as ring:
        total = await fill(servers.kafka, f"{prefix}pep", ring, histories(events))
        told = {"database_url": url, "kafka_bootstrap": servers.kafka, "topic_prefix": prefix}
        settings = Settings.model_validate(told)

        async def ours(workers: int = WORKERS) -> float:
            begun = time.perf_counter()
            await rebuild("pep", settings, CHANGE_LOG, silent, workers=workers)
            return total / (time.perf_counter() - begun)

        async def bare() -> float:
            return await consume_and_copy(servers.kafka, f"{prefix}pep", url)

        rounds = await in_turn(ours, bare)
        alone = await in_turn(lambda: ours(1), bare, 3, warm=False)
    return Outcome(
        "P3",
        f"change log rebuilt from Kafka, {total:,} events, {WORKERS} workers",
        f"{median(rounds.ours):,.0f} events/s",
        f"bare aiokafka + COPY of the same bytes: {median(rounds.bare):,.0f}/s",
        f"{rounds.ratio:.2f}",
        "at least 0.5",
        at_least(rounds, 0.5),
        rounds.spread,
        (
            f"One worker alone: {median(alone.ours):,.0f} events/s, ratio {alone.ratio:.2f}"
            f" ({alone.spread}).",
        ),
    )
