"""The key pair that others seal secrets to: made once, published, kept encrypted."""

import contextlib
import os
from dataclasses import dataclass

import orjson
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from joserfc.jwk import OKPKey

from epep_events.base import Event
from epep_events.envelope import Actor
from epep_events.notification import SealingKeyPublished
from epep_runtime.event_store import Aggregate, Cause, VersionConflictError
from epep_runtime.ids import new_id
from epep_runtime.service import Running
from notification_service.sealing.keyring import Keyring
from notification_service.settings import settings_of

NONCE_BYTES = 12


@dataclass(frozen=True, slots=True)
class PublishedKeys:
    """The ids of the keys published so far, oldest first."""

    kids: tuple[str, ...] = ()


def evolve(state: PublishedKeys, event: Event) -> PublishedKeys:
    """Return the state after one event of the stream `sealing-key`."""
    if isinstance(event, SealingKeyPublished):
        return PublishedKeys((*state.kids, event.kid))
    return state


SEALING = Aggregate("sealing", PublishedKeys(), evolve)


async def ensure_sealing_key(running: Running) -> None:
    """Make and publish the first key if there is none; prove that the newest can be opened.

    Raises WrongSecretError when EPEP_SECRET_KEY is not the one that the key is stored under.
    """
    secret = settings_of(running).secret
    with contextlib.suppress(VersionConflictError):  # another process was first
        await _make_first_key(running, secret)
    await Keyring(running.pool, secret).prove()


async def _make_first_key(running: Running, secret: bytes) -> None:
    async with running.pool.acquire() as connection, connection.transaction():
        loaded = await running.store.load(connection, SEALING, "key")
        if loaded.state.kids:
            return
        kid = str(new_id())
        key = OKPKey.generate_key("X25519", {"kid": kid, "use": "enc"})
        said = SealingKeyPublished(kid=kid, jwk=dict(key.as_dict(private=False)))
        actor = Actor(id=f"system:{running.store.source}", role="system")
        stream = SEALING.stream("key")
        await running.store.append(connection, stream, 0, [said], Cause(actor, None, new_id()))
        nonce = os.urandom(NONCE_BYTES)
        private = orjson.dumps(key.as_dict(private=True))
        await connection.execute(
            "INSERT INTO sealing_secrets (kid, nonce, encrypted) VALUES ($1, $2, $3)",
            kid,
            nonce,
            AESGCM(secret).encrypt(nonce, private, kid.encode()),
        )
