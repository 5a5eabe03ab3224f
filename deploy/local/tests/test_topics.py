"""Topics are there when they are said to be made."""

import pytest
from aiokafka.admin import AIOKafkaAdminClient

from epep_local.topics import create_topics, delete_topics
from epep_runtime.ids import new_id

pytestmark = pytest.mark.servers


async def test_topics_can_be_used_at_once_when_they_are_made(kafka_bootstrap: str) -> None:
    """Kafka says that it made them before its broker knows them: whoever asked then found none."""
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka_bootstrap)
    await admin.start()
    try:
        for _ in range(5):
            made = await create_topics(kafka_bootstrap, f"made{new_id().hex[:8]}.")
            described = await admin.describe_topics(made)
            await delete_topics(kafka_bootstrap, made)
            assert not any(topic["error_code"] for topic in described)
    finally:
        await admin.close()
