"""The tables of second factors and recovery codes: secrets that are in no event."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from epep_events.getting_in import FactorKind
from epep_runtime.postgres import Connection, Pool


@dataclass(frozen=True, slots=True)
class KeptFactor:
    """What a factor is checked with; `confirmed_at` is None until it was tried out once."""

    factor_id: UUID
    account_id: UUID
    kind: FactorKind
    name: str
    made_at: datetime
    confirmed_at: datetime | None
    last_used_at: datetime | None
    sealed_secret: bytes | None
    last_step: int
    challenge: bytes | None
    credential_id: bytes | None
    public_key: bytes | None
    sign_count: int


async def add_totp(
    connection: Connection,
    factor_id: UUID,
    account_id: UUID,
    name: str,
    sealed: bytes,
    now: datetime,
) -> None:
    """Keep an authenticator app that has yet to give its first code."""
    await connection.execute(
        "INSERT INTO factors (factor_id, account_id, kind, name, made_at, sealed_secret)"
        " VALUES ($1, $2, 'totp', $3, $4, $5)",
        factor_id,
        account_id,
        name,
        now,
        sealed,
    )


async def add_passkey(
    connection: Connection,
    factor_id: UUID,
    account_id: UUID,
    name: str,
    challenge: bytes,
    now: datetime,
) -> None:
    """Keep a passkey that has yet to be made."""
    await connection.execute(
        "INSERT INTO factors (factor_id, account_id, kind, name, made_at, challenge)"
        " VALUES ($1, $2, 'passkey', $3, $4, $5)",
        factor_id,
        account_id,
        name,
        now,
        challenge,
    )


async def find(source: Connection | Pool, account_id: UUID, factor_id: UUID) -> KeptFactor | None:
    """Return one of a person's factors, confirmed or not."""
    row = await source.fetchrow(
        "SELECT * FROM factors WHERE factor_id = $1 AND account_id = $2", factor_id, account_id
    )
    return KeptFactor(**row) if row else None


async def of_account(source: Connection | Pool, account_id: UUID) -> list[KeptFactor]:
    """Return a person's confirmed factors, the oldest first."""
    rows = await source.fetch(
        "SELECT * FROM factors WHERE account_id = $1 AND confirmed_at IS NOT NULL"
        " ORDER BY made_at, factor_id",
        account_id,
    )
    return [KeptFactor(**row) for row in rows]


async def confirm_totp(connection: Connection, factor_id: UUID, step: int, now: datetime) -> None:
    """Ask for this app's codes from now on."""
    await connection.execute(
        "UPDATE factors SET confirmed_at = $2, last_step = $3 WHERE factor_id = $1",
        factor_id,
        now,
        step,
    )


async def confirm_passkey(
    connection: Connection,
    factor_id: UUID,
    credential_id: bytes,
    public_key: bytes,
    sign_count: int,
    now: datetime,
) -> None:
    """Accept this passkey from now on. Raises asyncpg.UniqueViolationError for a known one."""
    await connection.execute(
        "UPDATE factors SET confirmed_at = $2, credential_id = $3, public_key = $4,"
        " sign_count = $5, challenge = NULL WHERE factor_id = $1",
        factor_id,
        now,
        credential_id,
        public_key,
        sign_count,
    )


async def note_used(
    connection: Connection, factor: KeptFactor, step: int, sign_count: int, now: datetime
) -> None:
    """Keep when a factor let its person in, and what it must be past next time."""
    await connection.execute(
        "UPDATE factors SET last_used_at = $2, last_step = $3, sign_count = $4"
        " WHERE factor_id = $1",
        factor.factor_id,
        now,
        step,
        sign_count,
    )


async def rename(connection: Connection, factor_id: UUID, name: str) -> None:
    """Call a factor something else."""
    await connection.execute("UPDATE factors SET name = $2 WHERE factor_id = $1", factor_id, name)


async def remove(connection: Connection, factor_id: UUID) -> None:
    """Take a factor away."""
    await connection.execute("DELETE FROM factors WHERE factor_id = $1", factor_id)


async def remove_all(connection: Connection, account_id: UUID) -> None:
    """Take all factors and recovery codes away."""
    await connection.execute("DELETE FROM factors WHERE account_id = $1", account_id)
    await connection.execute("DELETE FROM recovery_codes WHERE account_id = $1", account_id)


async def put_codes(connection: Connection, account_id: UUID, macs: list[bytes]) -> None:
    """Keep new recovery codes instead of all earlier ones."""
    await connection.execute("DELETE FROM recovery_codes WHERE account_id = $1", account_id)
    await connection.executemany(
        "INSERT INTO recovery_codes (account_id, code_mac) VALUES ($1, $2)",
        [(account_id, mac) for mac in macs],
    )


async def use_code(connection: Connection, account_id: UUID, mac: bytes, now: datetime) -> bool:
    """Use a recovery code up; False where it is none of this person's, or was used."""
    return bool(
        await connection.fetchval(
            "UPDATE recovery_codes SET used_at = $3"
            " WHERE account_id = $1 AND code_mac = $2 AND used_at IS NULL RETURNING true",
            account_id,
            mac,
            now,
        )
    )


async def codes_left(source: Connection | Pool, account_id: UUID) -> int:
    """Return how many recovery codes are unused."""
    found: int = await source.fetchval(
        "SELECT count(*) FROM recovery_codes WHERE account_id = $1 AND used_at IS NULL", account_id
    )
    return found
