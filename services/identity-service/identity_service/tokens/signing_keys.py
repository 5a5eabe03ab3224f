"""The keys that access tokens are signed with: private ones here, public ones in events."""

from datetime import datetime, timedelta

import orjson
from joserfc.jwk import OKPKey

from epep_events.identity import SigningKeyPublished
from epep_runtime.event_store import EventStore
from epep_runtime.postgres import Connection, Pool
from identity_service.causes import by_service
from identity_service.secrets_at_rest import SecretsAtRest

STREAM = "signing-keys"
LIFETIME = timedelta(days=730)
REPLACED_BEFORE_END = timedelta(days=90)

NEWEST = "SELECT kid, sealed_jwk, not_after FROM token_keys ORDER BY made_at DESC, kid DESC LIMIT 1"


class SigningKeys:
    """Makes the first key, and gives the newest one, which is the one that signs.

    Any number of keys may be good at once: the services accept each until its `not_after`.
    """

    def __init__(self, pool: Pool, store: EventStore, at_rest: SecretsAtRest) -> None:
        self._pool, self._store, self._at_rest = pool, store, at_rest
        self._opened: dict[str, OKPKey] = {}

    async def ensure(self) -> None:
        """Make and publish a key if there is none, or only one that soon ends.

        Raises WrongSecretKeyError when the newest key was kept under another `EPEP_SECRET_KEY`.
        """
        now = self._store.clock()
        async with self._pool.acquire() as connection, connection.transaction():
            await self._store.hold(connection, [STREAM])
            row = await connection.fetchrow(NEWEST)
            if row is None or row["not_after"] - now < REPLACED_BEFORE_END:
                await self._make(connection, now)
            await self.newest(connection)

    async def newest(self, connection: Connection) -> OKPKey:
        """Return the private key to sign with; its `kid` is in it."""
        row = await connection.fetchrow(NEWEST)
        assert row is not None, "ensure() runs before anything else"
        kid = row["kid"]
        if kid not in self._opened:
            jwk = orjson.loads(self._at_rest.decrypted(row["sealed_jwk"], kid))
            self._opened[kid] = OKPKey.import_key(jwk)
        return self._opened[kid]

    async def _make(self, connection: Connection, now: datetime) -> None:
        bare = OKPKey.generate_key("Ed25519", private=True)
        kid = bare.thumbprint()
        key = OKPKey.import_key({**bare.as_dict(private=True), "kid": kid})
        published = SigningKeyPublished(
            kid=kid, jwk=key.as_dict(private=False), not_after=now + LIFETIME
        )
        version = len(await self._store.read(connection, STREAM))
        await self._store.append(connection, STREAM, version, [published], by_service())
        private = orjson.dumps(key.as_dict(private=True))
        await connection.execute(
            "INSERT INTO token_keys VALUES ($1, $2, $3, $4)",
            kid,
            self._at_rest.encrypted(private, kid),
            now,
            published.not_after,
        )
