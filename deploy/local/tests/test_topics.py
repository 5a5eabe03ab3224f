"""Topics are there when they are said to be made."""

import pytest

from epep_local.topics import CONTEXTS, PARTITIONS, create_topics, delete_topics
from epep_runtime.ids import new_id
from epep_runtime.topic_ends import partitions_of

pytestmark = pytest.mark.servers


async def test_topics_can_be_used_at_once_when_they_are_made(kafka_bootstrap: str) -> None:
    """Kafka says that it made them before its broker knows them: whoever asked then found none."""
    for _ in range(3):
        made = await create_topics(kafka_bootstrap, f"made{new_id().hex[:8]}.")
        try:
            found = await partitions_of(kafka_bootstrap, made)
            assert len(found) == len(CONTEXTS) * PARTITIONS
        finally:
            await delete_topics(kafka_bootstrap, made)
