"""The Kafka topics: one per context, made explicitly."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError, TopicAlreadyExistsError, for_code

from epep_local.problem import LocalError
from epep_runtime.broker import Broker

CONTEXTS = ("pep", "meeting", "notification", "qa", "identity")
PARTITIONS = 6
KNOWN_PAUSES = (0.02,) * 50 + (0.2,) * 100
"""Seconds between looks whether the broker knows new topics."""
# Kept for ever: a read model can be rebuilt from Kafka at any time.
_SETTINGS = {"retention.ms": "-1", "cleanup.policy": "delete"}


async def create_topics(
    broker: Broker,
    prefix: str = "",
    contexts: Iterable[str] = CONTEXTS,
    partitions: int = PARTITIONS,
    replication: int = 1,
) -> list[str]:
    """Make `{prefix}{context}` for each context; one that is there already is left as it is.

    Returns the topics' names, once every partition of them can be written and read: Kafka says
    that a topic is made before the broker knows it. Raises LocalError when Kafka refuses.
    """
    names = [f"{prefix}{context}" for context in contexts]
    admin = AIOKafkaAdminClient(**broker.options())
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
        for pause in KNOWN_PAUSES:
            if await _known(admin, names):
                break
            await asyncio.sleep(pause)
        else:
            raise LocalError(f"Kafka at {broker.bootstrap} does not know its new topics yet.")
    except KafkaError as error:
        why = await broker.refusal(error) or error
        raise LocalError(f"Kafka at {broker.bootstrap} could not make the topics: {why}") from error
    finally:
        await admin.close()
    return names


async def _known(admin: AIOKafkaAdminClient, names: list[str]) -> bool:
    """Tell whether the broker knows these topics, and a leader of each partition."""
    described = await admin.describe_topics(names)
    return all(
        not topic["error_code"]
        and topic["partitions"]
        and all(part["leader"] >= 0 and not part["error_code"] for part in topic["partitions"])
        for topic in described
    )


async def delete_topics(broker: Broker, names: Iterable[str]) -> None:
    """Remove those of the topics that exist, with all their events."""
    admin = AIOKafkaAdminClient(**broker.options())
    try:
        await admin.start()
        there = set(await admin.list_topics()) & set(names)
        if there:
            await asyncio.wait_for(admin.delete_topics(sorted(there)), 20)
    finally:
        await admin.close()
