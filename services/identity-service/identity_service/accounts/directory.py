"""Whose address it is and which password goes with it: tables written with the account's events.

They are no read model. A person can log in as soon as their account is made, whatever Kafka does.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from epep_runtime.postgres import Connection, Pool


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a log-in is checked with; `changed_at` is when the person last chose a password."""

    account_id: UUID
    password_hash: str
    changed_at: datetime


async def find(source: Connection | Pool, email: str) -> Credentials | None:
    """Return the credentials of the person with that address, in lower case."""
    row = await source.fetchrow(
        "SELECT account_id, password_hash, changed_at FROM account_addresses JOIN credentials"
        " USING (account_id) WHERE email = $1",
        email,
    )
    return Credentials(**row) if row else None


async def owner(source: Connection | Pool, email: str) -> UUID | None:
    """Return whose address it is, whether or not they have a password yet."""
    found: UUID | None = await source.fetchval(
        "SELECT account_id FROM account_addresses WHERE email = $1", email
    )
    return found


async def password_of(source: Connection | Pool, account_id: UUID) -> str | None:
    """Return the hash of an account's password."""
    found: str | None = await source.fetchval(
        "SELECT password_hash FROM credentials WHERE account_id = $1", account_id
    )
    return found


async def change_address(connection: Connection, email: str, account_id: UUID) -> None:
    """Give the account another address. Raises asyncpg.UniqueViolationError if it is another's."""
    await connection.execute(
        "UPDATE account_addresses SET email = $1 WHERE account_id = $2", email, account_id
    )


async def claim_address(connection: Connection, email: str, account_id: UUID) -> None:
    """Make the address this account's. Raises asyncpg.UniqueViolationError if it is another's."""
    await connection.execute("INSERT INTO account_addresses VALUES ($1, $2)", email, account_id)


async def set_password(
    connection: Connection, account_id: UUID, password_hash: str, at: datetime
) -> None:
    """Keep the hash of a new password."""
    await connection.execute(
        "INSERT INTO credentials VALUES ($1, $2, $3) ON CONFLICT (account_id)"
        " DO UPDATE SET password_hash = $2, changed_at = $3",
        account_id,
        password_hash,
        at,
    )


async def rehash(pool: Pool, credentials: Credentials, password_hash: str) -> None:
    """Keep the same password at a new cost, unless it was changed in the meantime."""
    await pool.execute(
        "UPDATE credentials SET password_hash = $3 WHERE account_id = $1 AND password_hash = $2",
        credentials.account_id,
        credentials.password_hash,
        password_hash,
    )
