"""The whole service with its mail going to the run's mailbox."""

import base64
import os
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from epep_local.backends import Backends
from epep_local.testing import DatabaseFactory, TopicFactory
from epep_runtime.testing import ServiceUnderTest, service_under_test
from notification_service.main import SERVICE
from notification_service.settings import NotificationSettings


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def service(
    backends: Backends, database: DatabaseFactory, topics: TopicFactory, kafka_bootstrap: str
) -> AsyncIterator[ServiceUnderTest]:
    told = {
        "secret_key": base64.b64encode(os.urandom(32)).decode(),
        "portal_url": "https://epep.example",
        "smtp_host": backends.smtp_host,
        "smtp_port": backends.smtp_port,
        "mail_from": "ePEP <no-reply@epep.example>",
        "mail_retry_seconds": 0.2,
    }
    url = await database("notification")
    async with service_under_test(SERVICE, url, kafka_bootstrap, await topics(), **told) as made:
        yield made


@pytest.fixture(scope="module")
def settings() -> NotificationSettings:
    """Settings of a service that is not started."""
    told = {
        "database_url": "postgresql://nowhere/none",
        "secret_key": "A" * 43 + "=",
        "portal_url": "https://epep.example/",
        "smtp_host": "127.0.0.1",
        "smtp_port": 25,
        "mail_from": "ePEP <no-reply@mail.example>",
    }
    return NotificationSettings.model_validate(told)
