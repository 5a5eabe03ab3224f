"""Makes the board's changelog: the stream application wants it before it starts."""

from typing import Any

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import TopicAlreadyExistsError, for_code

from epep_runtime.topic_ends import MissingTopicError
from qa_service.live_board.names import changelog, sources
from qa_service.settings import QASettings


class UnequalPartitionsError(Exception):
    """The topics that the board counts have not equally many partitions."""


async def make_changelog(settings: QASettings) -> int:
    """Make the topic unless it is there, cut like its sources; return its number of partitions.

    Raises MissingTopicError while a source is not there, UnequalPartitionsError, KafkaError.
    """
    admin = AIOKafkaAdminClient(**settings.broker().options())
    await admin.start()
    try:
        described = await admin.describe_topics(sources(settings))
        partitions, replicas = _cut_of(described)
        wanted = NewTopic(
            changelog(settings),
            partitions,
            replicas,
            topic_configs={"cleanup.policy": "compact"},
        )
        answer = await admin.create_topics([wanted], timeout_ms=20_000)
        for _, code, *_reason in answer.topic_errors:
            if code and for_code(code) is not TopicAlreadyExistsError:
                raise for_code(code)
    finally:
        await admin.close()
    return partitions


def _cut_of(described: list[dict[str, Any]]) -> tuple[int, int]:
    found: set[tuple[int, int]] = set()
    for topic in described:
        if topic["error_code"]:
            raise MissingTopicError(f"topic {topic['topic']} does not exist yet")
        parts = topic["partitions"]
        found.add((len(parts), min(len(part["replicas"]) for part in parts)))
    if len({partitions for partitions, _ in found}) != 1:
        raise UnequalPartitionsError(f"{found}")
    return min(found)
