"""The sealing key is made once, and only its secret opens it."""

import base64
import os
from typing import Any

import pytest
from joserfc.jwk import OKPKey

from epep_events.identity import LoginCodeRequested
from epep_events.notification import NotificationFailed, SealingKeyPublished
from epep_local.testing import DatabaseFactory, TopicFactory
from epep_runtime.ids import new_id
from epep_runtime.sealing import seal
from epep_runtime.testing import eventually, service_under_test
from notification_service.main import SERVICE
from notification_service.sealing.keyring import Keyring, WrongSecretError

pytestmark = pytest.mark.servers


def told() -> dict[str, Any]:
    return {
        "secret_key": base64.b64encode(os.urandom(32)).decode(),
        "portal_url": "https://epep.example",
        "smtp_host": "127.0.0.1",
        "smtp_port": 1,
        "mail_from": "no-reply@epep.example",
    }


async def test_a_second_start_keeps_the_key_and_another_secret_is_refused(
    database: DatabaseFactory, topics: TopicFactory, kafka_bootstrap: str
) -> None:
    url, prefix, settings = await database("notification"), await topics(), told()
    quiet = {"roles": "api"}
    async with service_under_test(SERVICE, url, kafka_bootstrap, prefix, **settings, **quiet):
        pass
    async with service_under_test(SERVICE, url, kafka_bootstrap, prefix, **settings, **quiet) as up:
        (published,) = await up.said(SealingKeyPublished)
        assert isinstance(published.data, SealingKeyPublished)
        assert published.meta.stream_id == "sealing-key"
        assert "d" not in published.data.jwk
        secret = base64.b64decode(settings["secret_key"])
        sealed = seal("048151", published.data.jwk)
        assert await Keyring(up.process.pool, secret).open(sealed) == "048151"
        stored = await up.process.pool.fetchval("SELECT encrypted FROM sealing_secrets")
        assert b'"d"' not in stored
    with pytest.raises(WrongSecretError, match="EPEP_SECRET_KEY is not the one"):
        async with service_under_test(SERVICE, url, kafka_bootstrap, prefix, **told(), **quiet):
            pass


async def test_what_was_sealed_to_another_key_fails_and_says_so(
    database: DatabaseFactory, topics: TopicFactory, kafka_bootstrap: str
) -> None:
    url, prefix = await database("notification"), await topics()
    stranger = OKPKey.generate_key("X25519", {"kid": "stranger"})
    async with service_under_test(SERVICE, url, kafka_bootstrap, prefix, **told()) as service:
        event = LoginCodeRequested(
            login_id=new_id(),
            account_id=new_id(),
            name="Sam Social",
            email="sam@people.example",
            sealed_code=seal("048151", dict(stranger.as_dict(private=False))),
            expires_at="2099-01-01T00:00:00Z",
        )
        await service.others.say("identity", f"login-{event.login_id}", event)
        (failed,) = await eventually(lambda: service.said(NotificationFailed))
    assert isinstance(failed.data, NotificationFailed)
    assert failed.data.why == "What was sealed into this mail cannot be opened."
