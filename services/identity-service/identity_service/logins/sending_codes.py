"""A code on its way: made, sealed for notification-service, said in an event, kept as HMAC."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from epep_events.identity import LoginCodeRequested
from epep_runtime.postgres import Connection
from epep_runtime.sealing import NoSealingKeyError, newest_sealing_key, seal
from identity_service.accounts.account import Account
from identity_service.links import records as links
from identity_service.logins.answers import no_mail_yet
from identity_service.logins.login import CODE_LIFETIME, new_code
from identity_service.secrets_at_rest import SecretsAtRest

NOT_ME_LIFETIME = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class SealedCode:
    """A code that only notification-service can open, and the HMAC that it is checked with.

    `not_me` is the token of the link that goes with it, to be kept as a hash.
    """

    login_id: UUID
    sealed: str
    mac: bytes
    not_me: str
    sealed_not_me: str


async def key_for_codes(connection: Connection) -> dict[str, Any]:
    """Return the public key to seal codes to. Raises ProblemError 503 while there is none."""
    try:
        return await newest_sealing_key(connection)
    except NoSealingKeyError as error:
        raise no_mail_yet() from error


def make_code(at_rest: SecretsAtRest, login_id: UUID, key: dict[str, Any]) -> SealedCode:
    """Return a fresh code for this log-in; it exists in the clear nowhere outside this call."""
    code, not_me = new_code(), links.new_token()
    mac = at_rest.code_mac(login_id, code)
    return SealedCode(login_id, seal(code, key), mac, not_me, seal(not_me, key))


def requested(account: Account, code: SealedCode, now: datetime) -> LoginCodeRequested:
    """Return the event that has the code mailed."""
    assert account.account_id is not None
    return LoginCodeRequested(
        login_id=code.login_id,
        account_id=account.account_id,
        name=account.name,
        email=account.email,
        sealed_code=code.sealed,
        sealed_not_me=code.sealed_not_me,
        expires_at=now + CODE_LIFETIME,
    )


async def keep_link(connection: Connection, code: SealedCode, now: datetime) -> None:
    """Keep the link of the code's mail by which its reader says "this is not me"."""
    until = now + NOT_ME_LIFETIME
    await links.add(connection, code.not_me, "not_me", code.login_id, until)
