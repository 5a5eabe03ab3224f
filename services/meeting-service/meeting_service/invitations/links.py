"""Links that let somebody answer an invitation without an account (S77).

A token is the invitation's id and a 256-bit HMAC of it, so it need not be stored anywhere and a
repeated step makes the same one. It travels sealed in the event; it opens one invitation only.
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Callable
from typing import TypeAlias
from uuid import UUID

from epep_runtime.language import _
from epep_runtime.postgres import Connection, Pool
from epep_runtime.problems import NotFoundError, ProblemError
from epep_runtime.sealing import NoSealingKeyError, newest_sealing_key, seal
from meeting_service.settings import MeetingSettings

PURPOSE = b"epep invitation link 1\n"
ID_BYTES, MAC_BYTES = 16, 32

Sealer: TypeAlias = Callable[[UUID], str]
"""Gives an invitation's token, sealed so that only notification-service can read it."""


def token_of(key: bytes, invitation_id: UUID) -> str:
    """Return the token of an invitation: 64 characters that are safe in an address."""
    mac = hmac.digest(key, PURPOSE + invitation_id.bytes, hashlib.sha256)
    return base64.urlsafe_b64encode(invitation_id.bytes + mac).decode()


def invitation_of(key: bytes, token: str) -> UUID:
    """Return the invitation that a token opens. Raises NotFoundError for one we never made."""
    try:
        raw = base64.b64decode(token.encode("ascii"), altchars=b"-_", validate=True)
    except (binascii.Error, UnicodeEncodeError) as error:
        raise NotFoundError from error
    if len(raw) != ID_BYTES + MAC_BYTES:
        raise NotFoundError
    invitation_id = UUID(bytes=raw[:ID_BYTES])
    if not hmac.compare_digest(token_of(key, invitation_id), token):
        raise NotFoundError
    return invitation_id


async def sealer(connection: Connection, settings: MeetingSettings) -> Sealer:
    """Return what seals tokens to notification's newest key.

    Raises NoSealingKeyError while notification-service has not published one.
    """
    jwk = await newest_sealing_key(connection)
    key = settings.key()
    return lambda invitation_id: seal(token_of(key, invitation_id), jwk)


async def sealer_for_request(pool: Pool, settings: MeetingSettings) -> Sealer:
    """Return what seals tokens. Raises ProblemError 503 while there is no key to seal to."""
    try:
        async with pool.acquire() as connection:
            return await sealer(connection, settings)
    except NoSealingKeyError as error:
        raise ProblemError(
            503,
            "unavailable",
            _("Mail cannot be prepared yet. Try again in a minute."),
            headers={"Retry-After": "60"},
        ) from error
