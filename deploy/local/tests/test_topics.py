"""Topics are there when they are said to be made."""

from typing import Any

import pytest
from aiokafka.admin import AIOKafkaAdminClient

from epep_local import topics
from epep_local.backends import Backends
from epep_runtime.ids import new_id

pytestmark = pytest.mark.servers


async def test_topics_can_be_used_at_once_when_they_are_made(
    backends: Backends, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Kafka says that it made them before its broker knows them: whoever asked then found none.

    Asked with the last breath of the client that made them, as later is often late enough.
    """
    found = list[Any]()

    class Looking(AIOKafkaAdminClient):  # type: ignore[misc]
        async def close(self) -> None:
            found.extend(await self.describe_topics([f"{prefix}pep"]))
            await super().close()

    for _ in range(5):
        prefix = f"made{new_id().hex[:8]}."
        with monkeypatch.context() as patched:
            patched.setattr(topics, "AIOKafkaAdminClient", Looking)
            made = await topics.create_topics(backends.broker, prefix)
        await topics.delete_topics(backends.broker, made)
    assert [topic["error_code"] for topic in found] == [0] * 5
