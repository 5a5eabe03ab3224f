"""Who is asking: access tokens signed by identity, checked with keys it publishes as events."""

import time
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey

from epep_runtime.postgres import Pool
from epep_runtime.problems import ProblemError

ISSUER, AUDIENCE = "epep-identity", "epep"
ALGORITHM = "Ed25519"  # EdDSA over Curve25519, by its RFC 9864 name
CLOCK_SKEW_SECONDS = 30
MISS_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Grant:
    """A role in an authority."""

    authority: str
    role: str


@dataclass(frozen=True, slots=True)
class Principal:
    """The person behind a request, as their token says."""

    account_id: UUID
    name: str
    grants: frozenset[Grant]
    session_id: str

    def has(self, authority: str, role: str) -> bool:
        """Tell whether the person holds that role in that authority."""
        return Grant(authority, role) in self.grants

    def authorities(self, role: str) -> list[str]:
        """Return the authorities in which the person holds that role, sorted."""
        return sorted(grant.authority for grant in self.grants if grant.role == role)


def unauthenticated() -> ProblemError:
    """Return the one answer to a missing or bad token."""
    return ProblemError(
        401,
        "unauthenticated",
        "Log in first: the token is missing, wrong or has run out.",
        headers={"WWW-Authenticate": "Bearer"},
    )


class TokenVerifier:
    """Verifies tokens with `signing_keys`; an unknown key id is looked up at most once a second."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._keys: dict[str, OKPKey] = {}
        self._looked = 0.0

    async def _key(self, kid: str) -> OKPKey:
        if kid not in self._keys and time.monotonic() - self._looked > MISS_SECONDS:
            self._looked = time.monotonic()
            rows = await self._pool.fetch(
                "SELECT kid, jwk FROM signing_keys WHERE not_after > now()"
            )
            self._keys = {row["kid"]: OKPKey.import_key(row["jwk"]) for row in rows}
        if kid not in self._keys:
            raise unauthenticated()
        return self._keys[kid]

    async def verify(self, token: str) -> Principal:
        """Return the person behind a compact JWS. Raises ProblemError 401."""
        try:
            kid = _kid_of(token)
            decoded = jwt.decode(token, await self._key(kid), algorithms=[ALGORITHM])
            registry = jwt.JWTClaimsRegistry(
                leeway=CLOCK_SKEW_SECONDS,
                iss={"essential": True, "value": ISSUER},
                aud={"essential": True, "value": AUDIENCE},
                sub={"essential": True},
                exp={"essential": True},
                iat={"essential": True},
            )
            registry.validate(decoded.claims)
            return _principal(decoded.claims)
        except (JoseError, ValueError, KeyError, TypeError) as error:
            raise unauthenticated() from error


def _kid_of(token: str) -> str:
    from joserfc.jws import extract_compact

    header = extract_compact(token.encode()).headers()
    kid = header["kid"]
    if not isinstance(kid, str):
        raise ValueError("kid is not text")
    return kid


def _principal(claims: dict[str, Any]) -> Principal:
    grants = frozenset(Grant(each["authority"], each["role"]) for each in claims["grants"])
    return Principal(UUID(claims["sub"]), claims["name"], grants, claims["sid"])
