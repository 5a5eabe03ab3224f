"""Who is asking: access tokens signed by identity, checked with keys it publishes as events."""

import asyncio
import math
import time
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey

from epep_runtime.language import _
from epep_runtime.postgres import Pool
from epep_runtime.problems import ProblemError

ISSUER, AUDIENCE = "epep-identity", "epep"
ALGORITHM = "Ed25519"  # EdDSA over Curve25519, by its RFC 9864 name
CLOCK_SKEW_SECONDS = 30
MISS_SECONDS, KEYS_SECONDS, ENDED_SECONDS = 1.0, 5.0, 0.5


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
        _("Log in first: the token is missing, wrong or has run out."),
        headers={"WWW-Authenticate": "Bearer"},
    )


class TokenVerifier:
    """Verifies tokens with what `keys` keeps: public keys, ended sessions, ended accounts.

    Both are read again while tokens come in: the ended every half second, so that an end is in
    force within two seconds of its event; the keys every five, well before a new one signs. An
    unknown key id is looked up at most once a second.
    """

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._looking, self._looking_for_ended = asyncio.Lock(), asyncio.Lock()
        self._keys: dict[str, OKPKey] = {}
        self._looked = self._looked_for_ended = -math.inf
        self._ended_sessions: frozenset[str] = frozenset()
        self._ended_accounts: dict[UUID, float] = {}

    def knows(self, kid: str) -> bool:
        """Tell whether this process has heard of a key that tokens are signed with."""
        return kid in self._keys

    async def _key(self, kid: str) -> OKPKey:
        async with self._looking:  # who comes while another looks must not be refused for it
            if self._must_look(kid):
                rows = await self._pool.fetch(
                    "SELECT kid, jwk FROM signing_keys WHERE not_after > now()"
                )
                self._keys = {row["kid"]: OKPKey.import_key(row["jwk"]) for row in rows}
                self._looked = time.monotonic()
        if kid not in self._keys:
            raise unauthenticated()
        return self._keys[kid]

    def _must_look(self, kid: str) -> bool:
        age = time.monotonic() - self._looked
        return age > KEYS_SECONDS or (kid not in self._keys and age > MISS_SECONDS)

    async def _refuse_ended(self, session_id: str, account_id: UUID, made_at: float) -> None:
        if time.monotonic() - self._looked_for_ended > ENDED_SECONDS:
            await self._look_for_ended()
        if session_id in self._ended_sessions:
            raise unauthenticated()
        if made_at <= self._ended_accounts.get(account_id, -math.inf):
            raise unauthenticated()

    async def _look_for_ended(self) -> None:
        """Read the ends again; whoever comes meanwhile waits, and is not let in on old news."""
        async with self._looking_for_ended:
            began = time.monotonic()
            if began - self._looked_for_ended <= ENDED_SECONDS:
                return
            ended = await self._pool.fetch("SELECT session_id FROM ended_sessions")
            accounts = await self._pool.fetch("SELECT account_id, ended_at FROM ended_accounts")
            self._ended_sessions = frozenset(row["session_id"] for row in ended)
            self._ended_accounts = {
                row["account_id"]: row["ended_at"].timestamp() for row in accounts
            }
            self._looked_for_ended = began  # only now: a look that failed is none

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
            found = _principal(decoded.claims)
            made_at = float(decoded.claims["iat"])
        except (JoseError, ValueError, KeyError, TypeError) as error:
            raise unauthenticated() from error
        await self._refuse_ended(found.session_id, found.account_id, made_at)
        return found


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
