"""Where topics end now, and with which event."""

import asyncio
from collections.abc import Sequence

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from epep_runtime.broker import Broker
from epep_runtime.places import Place

LONGEST_LOOK = 10.0


class MissingTopicError(OSError):
    """A topic that should be there is not (yet)."""


async def require_topics(consumer: AIOKafkaConsumer, topics: Sequence[str]) -> None:
    """Make sure that the topics are there. Raises MissingTopicError, KafkaError.

    Kafka's client would follow one that is not, and look for it again after minutes.
    """
    there = await consumer.topics()
    for topic in topics:
        if topic not in there:
            raise MissingTopicError(f"topic {topic} does not exist yet")


async def partitions_of(broker: Broker, topics: Sequence[str]) -> list[TopicPartition]:
    """Return every partition of these topics. Raises MissingTopicError, KafkaError."""
    admin = AIOKafkaAdminClient(**broker.options())
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
    consumer: AIOKafkaConsumer, broker: Broker, topics: Sequence[str]
) -> dict[TopicPartition, int]:
    """Return the offset after the last message of every partition of these topics."""
    ends: dict[TopicPartition, int] = await consumer.end_offsets(
        await partitions_of(broker, topics)
    )
    return ends


async def places_at_the_end(broker: Broker, topics: Sequence[str]) -> dict[TopicPartition, Place]:
    """Return the place after the last message of every partition of these topics.

    Raises MissingTopicError, KafkaError, and TimeoutError when the last messages cannot be read
    within ten seconds.
    """
    if not topics:
        return {}
    consumer = AIOKafkaConsumer(**broker.options())
    try:
        await consumer.start()
        ends = await ends_of(consumer, broker, topics)
        starts = await consumer.beginning_offsets(list(ends))
        waiting = {where for where, end in ends.items() if end > starts[where]}
        consumer.assign(list(waiting))
        for where in waiting:
            consumer.seek(where, ends[where] - 1)
        async with asyncio.timeout(LONGEST_LOOK):
            publications = await _first_publications(consumer, waiting)
    finally:
        await consumer.stop()
    return {where: Place(end, publications.get(where, 0)) for where, end in ends.items()}


async def highest_publication(broker: Broker, topic: str) -> int:
    """Return the highest publication number in a topic, 0 for an empty one.

    It is among the last messages of the partitions. Raises as `places_at_the_end` does.
    """
    places = await places_at_the_end(broker, [topic])
    return max(place.publication for place in places.values())


async def _first_publications(
    consumer: AIOKafkaConsumer, waiting: set[TopicPartition]
) -> dict[TopicPartition, int]:
    """Return the publication number of the next message of each of these partitions."""
    found: dict[TopicPartition, int] = {}
    while waiting - found.keys():
        for where, messages in (await consumer.getmany(timeout_ms=200)).items():
            number = dict(messages[0].headers).get("ce_sourceposition", b"0")
            found.setdefault(where, int(number))
    return found
