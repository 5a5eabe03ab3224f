"""What the six databases and the topics hold, as rows and numbers to check."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
from aiokafka import AIOKafkaConsumer, TopicPartition
from message import Message
from town import CONTEXTS, Town

from epep_runtime.service import Service
from epep_runtime.topic_ends import ends_of, partitions_of
from identity_service.main import SERVICE as IDENTITY
from meeting_service.main import SERVICE as MEETING
from notification_service.main import SERVICE as NOTIFICATION
from pep_service.main import SERVICE as PEP
from qa_service.main import SERVICE as QA

SERVICES: dict[str, Service] = {
    each.name: each for each in (PEP, MEETING, NOTIFICATION, QA, IDENTITY)
}

EVENTS = """
SELECT e.*, e.data::text AS text, p.publication
  FROM events e LEFT JOIN publications p USING (position)
 ORDER BY stream_id, stream_version
"""

UNSENT = """
SELECT (SELECT count(*) FROM events e
         WHERE NOT EXISTS (SELECT FROM publications p WHERE p.position = e.position))
     + (SELECT count(*) FROM publications, relay_place WHERE publication > sent)
"""


@asynccontextmanager
async def connected(town: Town, service: str) -> AsyncIterator[Any]:
    """Open a connection to a service's database."""
    connection = await asyncpg.connect(town.database(service))
    try:
        yield connection
    finally:
        await connection.close()


async def events_of(town: Town, service: str) -> list[Any]:
    """Return a service's whole log in order of stream and version."""
    async with connected(town, service) as connection:
        found: list[Any] = await connection.fetch(EVENTS)
        return found


async def ends(town: Town) -> dict[tuple[str, int], int]:
    """Return where each partition of the five topics ends."""
    consumer = AIOKafkaConsumer(**town.backends.broker.options())
    try:
        await consumer.start()
        topics = [f"{town.system.prefix}{context}" for context in CONTEXTS]
        found = await ends_of(consumer, town.backends.broker, topics)
    finally:
        await consumer.stop()
    return {(where.topic, where.partition): offset for where, offset in found.items()}


async def messages_of(town: Town, context: str) -> list[Message]:
    """Return every message of a topic, each partition in its order."""
    broker, topic = town.backends.broker, f"{town.system.prefix}{context}"
    consumer = AIOKafkaConsumer(**broker.options(), auto_offset_reset="earliest")
    try:
        await consumer.start()
        partitions = await partitions_of(broker, [topic])
        consumer.assign(partitions)
        last: dict[TopicPartition, int] = await consumer.end_offsets(partitions)
        left = {where for where, offset in last.items() if offset}
        found = []
        while left:
            for batch in (await consumer.getmany(timeout_ms=1000)).values():
                found += [_message(each) for each in batch]
            for where in list(left):
                if await consumer.position(where) >= last[where]:
                    left.discard(where)
        return found
    finally:
        await consumer.stop()


def _message(message: Any) -> Message:
    said = {name: value.decode() for name, value in message.headers}
    return Message(
        message.partition,
        message.offset,
        int(said["ce_sourceposition"]),
        said["ce_id"],
        said["ce_subject"],
        int(said["ce_streamversion"]),
    )
