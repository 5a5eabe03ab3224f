"""Where topics end now, and with which event."""

import asyncio
from collections.abc import Sequence

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

LONGEST_LOOK = 10.0


class MissingTopicError(OSError):
    """A topic that should be there is not (yet)."""


async def partitions_of(bootstrap: str, topics: Sequence[str]) -> list[TopicPartition]:
    """Return every partition of these topics. Raises MissingTopicError, KafkaError."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    try:
        await admin.start()
        described = await admin.describe_topics(list(topics))
    finally:
        await admin.close()
    found = {each["topic"]: each["partitions"] for each in described if not each["error_code"]}
    for topic in topics:
        if not found.get(topic):
            raise MissingTopicError(f"topic {topic} does not exist yet")
    return [TopicPartition(topic, part["partition"]) for topic in topics for part in found[topic]]


async def ends_of(
    consumer: AIOKafkaConsumer, bootstrap: str, topics: Sequence[str]
) -> dict[TopicPartition, int]:
    """Return the offset after the last message of every partition of these topics."""
    ends: dict[TopicPartition, int] = await consumer.end_offsets(
        await partitions_of(bootstrap, topics)
    )
    return ends


async def highest_publication(bootstrap: str, topic: str) -> int:
    """Return the highest publication number in a topic, 0 for an empty one.

    It is among the last messages of the partitions. Raises MissingTopicError, KafkaError, and
    TimeoutError when they cannot be read within ten seconds.
    """
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap)
    try:
        await consumer.start()
        ends = await ends_of(consumer, bootstrap, [topic])
        starts = await consumer.beginning_offsets(list(ends))
        waiting = {where for where, end in ends.items() if end > starts[where]}
        consumer.assign(list(waiting))
        for where in waiting:
            consumer.seek(where, ends[where] - 1)
        async with asyncio.timeout(LONGEST_LOOK):
            return await _highest(consumer, waiting)
    finally:
        await consumer.stop()


async def _highest(consumer: AIOKafkaConsumer, waiting: set[TopicPartition]) -> int:
    highest = 0
    while waiting:
        for where, messages in (await consumer.getmany(timeout_ms=200)).items():
            waiting.discard(where)
            numbers = (dict(each.headers).get("ce_sourceposition", b"0") for each in messages)
            highest = max(highest, *map(int, numbers))
    return highest
