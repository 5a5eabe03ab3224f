"""The Kafka topics: one per context, made explicitly."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError, TopicAlreadyExistsError, for_code

from epep_local.problem import LocalError

CONTEXTS = ("pep", "meeting", "notification", "qa", "identity")
PARTITIONS = 6
# Kept for ever: a read model can be rebuilt from Kafka at any time.
_SETTINGS = {"retention.ms": "-1", "cleanup.policy": "delete"}


async def create_topics(
    bootstrap: str,
    prefix: str = "",
    contexts: Iterable[str] = CONTEXTS,
    partitions: int = PARTITIONS,
    replication: int = 1,
) -> list[str]:
    """Make `{prefix}{context}` for each context; one that is there already is left as it is.

    Returns the topics' names. Raises LocalError when Kafka refuses.
    """
    names = [f"{prefix}{context}" for context in contexts]
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    try:
        await admin.start()
        wanted = [
            NewTopic(name, partitions, replication, topic_configs=_SETTINGS) for name in names
        ]
        answer = await admin.create_topics(wanted, timeout_ms=20000)
        for topic, code, *reason in answer.topic_errors:
            error = for_code(code)
            if code and error is not TopicAlreadyExistsError:
                raise LocalError(f"Kafka refused to make the topic {topic}: {error} {reason}")
    except KafkaError as error:
        raise LocalError(f"Kafka at {bootstrap} could not make the topics: {error}") from error
    finally:
        await admin.close()
    return names


async def delete_topics(bootstrap: str, names: Iterable[str]) -> None:
    """Remove those of the topics that exist, with all their events."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    try:
        await admin.start()
        there = set(await admin.list_topics()) & set(names)
        if there:
            await asyncio.wait_for(admin.delete_topics(sorted(there)), 20)
    finally:
        await admin.close()
