"""From the event table to Kafka: nothing lost, order kept, duplicates only as a repeated suffix."""

import asyncio
import contextlib
import time
from collections.abc import Sequence
from typing import Any

import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError
from aiokafka.partitioner import DefaultPartitioner
from opentelemetry.trace import SpanKind

from epep_events.cloudevents import headers_of
from epep_runtime.broker import Broker
from epep_runtime.event_store import EventStore, metadata_of
from epep_runtime.kafka_faults import if_the_broker_is_there, lost_as_kafka_error
from epep_runtime.open_transactions import OpenTransactions
from epep_runtime.postgres import DATABASE_FAULTS, Pool
from epep_runtime.telemetry import links_of, tracer
from epep_runtime.topic_ends import highest_publication
from epep_runtime.waiting import comes_within

log = structlog.get_logger()
LEADER_LOCK = 0x72656C61
ROUND = 500
FIRST_LOOK_SECONDS, IDLE_SECONDS = 0.002, 0.25
"""Any transaction that has written in this database holds new events back for as long as it takes:
a relay that was woken for nothing looks again soon, and then ever less often."""
RETRY_SECONDS = 1.0
LOOK_SECONDS = 1.0
MAX_BATCH_BYTES = 900_000

NEXT_EVENTS = """
SELECT p.publication, e.*, e.data::text AS text
  FROM publications p JOIN events e USING (position)
 WHERE p.publication > (SELECT sent FROM relay_place) ORDER BY p.publication LIMIT $1
"""


class Relay:
    """Publishes one service's events to its topic while it holds the service's leader lock.

    Each round numbers what has been committed, sends at most one batch to each partition, and
    saves the place after all acknowledgements. A batch is written whole or not at all, so after a
    failure the same events are sent again from the saved place: a consumer that drops what is not
    above the last publication number it saw in a partition sees each event once, in order.
    """

    def __init__(self, pool: Pool, store: EventStore, broker: Broker, topic: str) -> None:
        self._pool, self._store, self._broker, self._topic = pool, store, broker, topic
        self._partitioner = DefaultPartitioner()
        self._open_transactions = OpenTransactions()
        self._next_look = 0.0
        self.leading = False
        self.refused: str | None = None
        """Why Kafka turns this service away, in a sentence; None where it does not."""
        self._look_again = IDLE_SECONDS
        self._stopping = asyncio.Event()

    def stop(self) -> None:
        """Finish the round under way and return from `run`."""
        self._stopping.set()
        self._store.appended.set()

    async def run(self) -> None:
        """Publish until stopped; after any fault, start again from the saved place."""
        while not self._stopping.is_set():
            try:
                with lost_as_kafka_error():
                    await self._lead()
            except (KafkaError, *DATABASE_FAULTS) as error:
                self.refused = await self._broker.refusal(error)
                log.warning(
                    "relay interrupted, will go on", error=type(error).__name__, why=self.refused
                )
                await self._pause(RETRY_SECONDS)

    async def _lead(self) -> None:
        async with self._pool.acquire() as leader:
            if not await leader.fetchval("SELECT pg_try_advisory_lock($1)", LEADER_LOCK):
                await self._pause(RETRY_SECONDS)
                return
            try:
                await self._publish_as_leader(leader)
            finally:
                self.leading = False
                with contextlib.suppress(*DATABASE_FAULTS):
                    await leader.execute("SELECT pg_advisory_unlock($1)", LEADER_LOCK)

    async def _publish_as_leader(self, leader: Any) -> None:
        highest = await highest_publication(self._broker, self._topic)
        await self._number_after(leader, highest)
        await leader.execute("SELECT adopt_restored_log()")
        await self._number_after(leader, highest)
        producer = AIOKafkaProducer(
            **self._broker.options(),
            enable_idempotence=True,
            max_batch_size=MAX_BATCH_BYTES,
            request_timeout_ms=10_000,
        )
        try:
            await producer.start()
            self.leading, self.refused = True, None
            while not self._stopping.is_set():
                self._store.appended.clear()
                if not await self.publish_round(leader, producer):
                    await self._wait_for_work()
                else:
                    self._look_again = FIRST_LOOK_SECONDS
                await self._look_for_a_stall(leader)
        finally:
            with if_the_broker_is_there():
                await producer.stop()

    async def _number_after(self, leader: Any, highest: int) -> None:
        """Take no number twice that the topic has.

        A log from a backup that is older than the topic would: then consumers would drop its new
        events as repetitions of those that the backup does not know.
        """
        numbered = await leader.fetchval("SELECT numbered FROM relay_place")
        if numbered < highest:
            log.error("the topic has events that this log has not", events=highest - numbered)
            await leader.execute("UPDATE relay_place SET numbered = $1", highest)

    async def publish_round(self, leader: Any, producer: AIOKafkaProducer) -> bool:
        """Number what has been committed, send, save the place; False when nothing was there."""
        looked = await leader.fetchval("SELECT number_publications($1)", ROUND)
        sent = await self._send_round(leader, producer)
        return bool(looked or sent)

    async def _send_round(self, leader: Any, producer: AIOKafkaProducer) -> int:
        rows = await leader.fetch(NEXT_EVENTS, ROUND)
        if not rows:
            return 0
        links = links_of(row["traceparent"] for row in rows)
        with tracer.start_as_current_span("publish", kind=SpanKind.PRODUCER, links=links):
            return await self._send(leader, producer, rows)

    async def _send(self, leader: Any, producer: AIOKafkaProducer, rows: Sequence[Any]) -> int:
        """Send the first batch for each partition and return how many events that were."""
        partitions = sorted(await producer.partitions_for(self._topic))
        batches: dict[int, Any] = {}
        taken: list[int] = []
        for row in rows:
            key = row["stream_id"].encode()
            partition = self._partitioner(key, partitions, partitions)
            batch = batches.setdefault(partition, producer.create_batch())
            headers = headers_of(metadata_of(self._store.source, row), row["publication"])
            appended = batch.append(
                key=key, value=row["text"].encode(), timestamp=None, headers=headers
            )
            if appended is None:
                break
            taken.append(row["publication"])
        waiting = [
            await producer.send_batch(batch, self._topic, partition=partition)
            for partition, batch in batches.items()
            if batch.record_count()
        ]
        for acknowledged in waiting:
            await acknowledged
        await leader.execute("UPDATE relay_place SET sent = $1", taken[-1])
        return len(taken)

    async def _look_for_a_stall(self, leader: Any) -> None:
        if time.monotonic() >= self._next_look:
            self._next_look = time.monotonic() + LOOK_SECONDS
            await self._open_transactions.look(leader)

    async def _wait_for_work(self) -> None:
        if await comes_within(self._store.appended, self._look_again):
            self._look_again = FIRST_LOOK_SECONDS
        else:
            self._look_again = min(self._look_again * 2, IDLE_SECONDS)

    async def _pause(self, seconds: float) -> None:
        await comes_within(self._stopping, seconds)

    async def unsent(self) -> dict[str, Any]:
        """Return how many events are not published yet, and the age of the oldest in seconds.

        And for how long the oldest open transaction has held back what was committed after it.
        """
        row = await self._pool.fetchrow(
            "SELECT count(*) AS events, extract(epoch FROM now() - min(e.occurred_at)) AS seconds"
            " FROM events e LEFT JOIN publications p USING (position), relay_place r"
            " WHERE e.position > r.position - 1000"
            "   AND (p.publication IS NULL OR p.publication > r.sent)"
        )
        assert row is not None
        oldest = await self._open_transactions.look(self._pool)
        return {
            "leading": self.leading,
            "unsent_events": row["events"],
            "unsent_seconds": float(row["seconds"] or 0),
            "oldest_open_transaction_seconds": round(oldest.seconds, 1) if oldest else 0.0,
            "stalled": str(oldest) if oldest and oldest.stalled else None,
        }
