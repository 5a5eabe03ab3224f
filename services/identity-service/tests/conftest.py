"""identity-service on real servers, once for all its tests."""

import secrets
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta

import pytest
import pytest_asyncio
from identity_door import LIGHT, PASSWORD, Clock, Door, secret_key
from joserfc.jwk import OKPKey

from epep_events.notification import SealingKeyPublished
from epep_local.testing import DatabaseFactory, TopicFactory
from epep_runtime.testing import eventually, service_under_test
from identity_service.main import SERVICE


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def running_door(
    database: DatabaseFactory,
    topics: TopicFactory,
    kafka_bootstrap: str,
) -> AsyncIterator[Door]:
    url, secret, clock = await database("identity"), secret_key(), Clock()
    key = OKPKey.generate_key("X25519", {"kid": "mail-1"}, private=True)
    async with service_under_test(
        SERVICE, url, kafka_bootstrap, await topics(), secret_key=secret, **LIGHT
    ) as service:
        service.process.store.clock = clock
        early = await service.client.post(
            "/logins", json={"email": "early@fernhallow.example", "password": PASSWORD}
        )
        published = SealingKeyPublished(kid="mail-1", jwk=key.as_dict(private=False))
        await service.others.say("notification", "sealing-keys", published)

        async def keys_are_here() -> bool:
            pool = service.process.pool
            sealing = await pool.fetchval("SELECT count(*) FROM sealing_keys")
            own = await pool.fetchval(
                "SELECT count(*) FROM signing_keys JOIN token_keys USING (kid)"
            )
            return bool(sealing and own)

        await eventually(keys_are_here)
        yield Door(service, clock, key, url, secret, early)


@pytest.fixture
def door(running_door: Door) -> Iterator[Door]:
    running_door.network = f"198.18.{secrets.randbelow(250)}.{secrets.randbelow(250)}"
    yield running_door
    running_door.clock.ahead = timedelta(0)
