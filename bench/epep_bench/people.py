"""People who ask over HTTP, with tokens as identity-service would sign them."""

import time
from uuid import UUID

from joserfc import jwt
from joserfc.jwk import OKPKey

from epep_runtime.ids import new_id
from epep_runtime.postgres import Pool
from epep_runtime.tokens import ALGORITHM, AUDIENCE, ISSUER

LIFETIME = 4 * 3600


class People:
    """Signs tokens with a key that services have been told of."""

    def __init__(self) -> None:
        self._key = OKPKey.generate_key("Ed25519", {"kid": str(new_id())})

    async def introduce(self, pool: Pool) -> None:
        """Put the public key where a service keeps what identity-service publishes."""
        await pool.execute(
            "INSERT INTO signing_keys VALUES ($1, $2, now() + interval '1 day')",
            self._key.kid,
            self._key.as_dict(private=False),
        )

    def headers(self, account_id: UUID, authority: str, role: str) -> dict[str, str]:
        """Return what a request of that person carries."""
        now = int(time.time())
        claims = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "sub": str(account_id),
            "name": "Jo Bennett",
            "grants": [{"authority": authority, "role": role}],
            "sid": "bench",
            "iat": now,
            "exp": now + LIFETIME,
        }
        header = {"alg": ALGORITHM, "kid": self._key.kid}
        token = jwt.encode(header, claims, self._key, algorithms=[ALGORITHM])
        return {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
