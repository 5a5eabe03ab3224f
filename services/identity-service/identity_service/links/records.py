"""The table of one-use links: a token is shown to nobody but the reader of the mail."""

import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from epep_runtime.postgres import Connection, Pool
from epep_runtime.problems import NotFoundError
from identity_service.secrets_at_rest import hashed

Kind = Literal[
    "registration",
    "password_reset",
    "welcome",
    "email_change_new",
    "email_change_old",
    "email_change_not_me",
    "not_me",
]
TOKEN_BYTES = 32


@dataclass(frozen=True, slots=True)
class Link:
    """A link that may still be used, and what it is for."""

    token_hash: bytes
    kind: Kind
    subject: UUID
    expires_at: datetime


def new_token() -> str:
    """Return 256 random bits, as they stand in a link."""
    return secrets.token_urlsafe(TOKEN_BYTES)


async def add(
    connection: Connection, token: str, kind: Kind, subject: UUID, expires_at: datetime
) -> None:
    """Keep a link; of its token only the hash."""
    await connection.execute(
        "INSERT INTO links (token_hash, kind, subject, expires_at) VALUES ($1, $2, $3, $4)",
        hashed(token),
        kind,
        subject,
        expires_at,
    )


async def find(
    source: Connection | Pool, token: str, kinds: tuple[Kind, ...], now: datetime
) -> Link:
    """Return a link that may be used. Raises NotFoundError: unknown, used, run out, another kind.

    Looking changes nothing: mail scanners open every link there is.
    """
    row = await source.fetchrow(
        "SELECT token_hash, kind, subject, expires_at FROM links"
        " WHERE token_hash = $1 AND kind = ANY($2) AND used_at IS NULL AND expires_at > $3",
        hashed(token),
        list(kinds),
        now,
    )
    if row is None:
        raise NotFoundError
    return Link(**row)


async def use(connection: Connection, link: Link, now: datetime) -> None:
    """Use a link up. Raises NotFoundError where somebody else has just used it.

    A write: hold the streams that the same transaction appends to before it.
    """
    used = await connection.fetchval(
        "UPDATE links SET used_at = $2 WHERE token_hash = $1 AND used_at IS NULL RETURNING true",
        link.token_hash,
        now,
    )
    if not used:
        raise NotFoundError


async def void(connection: Connection, subject: UUID, now: datetime) -> None:
    """Make all links for a subject worthless: there is a newer one, or none is wanted."""
    await connection.execute(
        "UPDATE links SET used_at = $2 WHERE subject = $1 AND used_at IS NULL", subject, now
    )
