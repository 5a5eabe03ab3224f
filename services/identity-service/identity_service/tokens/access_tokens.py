"""Access tokens: ten minutes long, signed with Ed25519, checked by every service by itself."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from joserfc import jwt

from epep_runtime.postgres import Connection
from epep_runtime.tokens import ALGORITHM, AUDIENCE, ISSUER
from identity_service.accounts.account import Account
from identity_service.sessions.session import Session
from identity_service.tokens.signing_keys import SigningKeys

LIFETIME = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Issued:
    """A compact JWS, and when it runs out."""

    token: str
    expires_at: datetime


def claims_of(account: Account, session: Session, now: datetime) -> dict[str, Any]:
    """Return what a token says; it never outlives its session's twelve hours."""
    expires_at = min(now + LIFETIME, session.expires_at)
    held = account.at(now).grants
    grants = sorted({(each.authority, each.role) for each in held})
    return {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": str(account.account_id),
        "name": account.name,
        "grants": [{"authority": authority, "role": role} for authority, role in grants],
        "sid": str(session.session_id),
        "iat": int(now.timestamp()),
        "exp": int(expires_at.timestamp()),
    }


class AccessTokens:
    """Issues tokens, signed with the key whose turn it is."""

    def __init__(self, keys: SigningKeys) -> None:
        self._keys = keys

    async def issue(
        self, connection: Connection, account: Account, session: Session, now: datetime
    ) -> Issued:
        """Return a token for a person who has just proved their session."""
        key = await self._keys.signing(connection)
        claims = claims_of(account, session, now)
        header = {"alg": ALGORITHM, "kid": key.kid}
        token = jwt.encode(header, claims, key, algorithms=[ALGORITHM])
        return Issued(token, datetime.fromtimestamp(claims["exp"], now.tzinfo))
