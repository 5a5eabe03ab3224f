"""Where topics end now."""

from collections.abc import Sequence

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient


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
