"""The keys that access tokens are signed with: private ones here, public ones in events.

A key is published before it signs and stays good after the next one has begun to: no service ever
sees a token of a key that it has not heard of, and no token dies with its key.
"""

from datetime import datetime, timedelta

import orjson
from joserfc.jwk import OKPKey

from epep_events.identity import SigningKeyPublished
from epep_runtime.event_store import EventStore
from epep_runtime.postgres import Connection, Pool
from identity_service.causes import by_service
from identity_service.secrets_at_rest import SecretsAtRest
from identity_service.settings import IdentitySettings

STREAM = "signing-keys"
OVERLAP = timedelta(days=1)
"""How long a key is good after the next one signs: far more than a token's ten minutes."""

NEWEST = "SELECT kid, not_after FROM token_keys ORDER BY signs_from DESC, kid DESC LIMIT 1"
SIGNING = (
    "SELECT kid, sealed_jwk FROM token_keys WHERE signs_from <= $1"
    " ORDER BY signs_from DESC, kid DESC LIMIT 1"
)


class SigningKeys:
    """Makes the first key and each next one, and gives the one that signs now."""

    def __init__(
        self, pool: Pool, store: EventStore, at_rest: SecretsAtRest, settings: IdentitySettings
    ) -> None:
        self._pool, self._store, self._at_rest = pool, store, at_rest
        self._lifetime = timedelta(days=settings.signing_key_days)
        self._head_start = timedelta(seconds=settings.signing_key_head_start_seconds)
        self._opened: dict[str, OKPKey] = {}

    async def ensure(self) -> None:
        """Make and publish a key if there is none, or the newest has signed long enough.

        Raises WrongSecretKeyError when the key was kept under another `EPEP_SECRET_KEY`.
        """
        now = self._store.clock()
        async with self._pool.acquire() as connection, connection.transaction():
            await self._store.hold(connection, [STREAM])
            row = await connection.fetchrow(NEWEST)
            if row is None:
                await self._make(connection, now)
            elif row["not_after"] - now < OVERLAP + self._head_start:
                await self._make(connection, now + self._head_start)
            await self.signing(connection)

    async def rotate(self) -> str:
        """Make and publish the next key now, whatever the last one's age; return its id."""
        async with self._pool.acquire() as connection, connection.transaction():
            await self._store.hold(connection, [STREAM])
            return await self._make(connection, self._store.clock() + self._head_start)

    async def signing(self, connection: Connection) -> OKPKey:
        """Return the private key to sign with now; its `kid` is in it."""
        row = await connection.fetchrow(SIGNING, self._store.clock())
        assert row is not None, "ensure() runs before anything else"
        kid = row["kid"]
        if kid not in self._opened:
            jwk = orjson.loads(self._at_rest.decrypted(row["sealed_jwk"], kid))
            self._opened[kid] = OKPKey.import_key(jwk)
        return self._opened[kid]

    async def _make(self, connection: Connection, signs_from: datetime) -> str:
        bare = OKPKey.generate_key("Ed25519", private=True)
        kid = bare.thumbprint()
        key = OKPKey.import_key({**bare.as_dict(private=True), "kid": kid})
        published = SigningKeyPublished(
            kid=kid,
            jwk=key.as_dict(private=False),
            not_after=signs_from + self._lifetime + OVERLAP,
        )
        version = len(await self._store.read(connection, STREAM))
        await self._store.append(connection, STREAM, version, [published], by_service())
        private = orjson.dumps(key.as_dict(private=True))
        await connection.execute(
            "INSERT INTO token_keys (kid, sealed_jwk, made_at, not_after, signs_from)"
            " VALUES ($1, $2, $3, $4, $5)",
            kid,
            self._at_rest.encrypted(private, kid),
            self._store.clock(),
            published.not_after,
            signs_from,
        )
        return kid
