"""The table of known devices, and the tokens that prove one."""

import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from epep_runtime.ids import new_id
from epep_runtime.postgres import Connection, Pool
from identity_service.secrets_at_rest import hashed


@dataclass(frozen=True, slots=True)
class Device:
    """A device that its owner has logged in on; `remembered_until`: no second factor till then."""

    device_id: UUID
    account_id: UUID
    secret_hash: bytes
    device: str
    made_at: datetime
    last_used_at: datetime
    remembered_until: datetime | None

    def is_remembered(self, now: datetime) -> bool:
        """Tell whether the device stands in for a second factor."""
        return self.remembered_until is not None and now < self.remembered_until


async def proved(source: Connection | Pool, token: str | None) -> Device | None:
    """Return the device whose token this is, or None."""
    device_id, _, secret = (token or "").partition(".")
    try:
        wanted = UUID(device_id)
    except ValueError:
        return None
    row = await source.fetchrow("SELECT * FROM devices WHERE device_id = $1", wanted)
    if row is None or not hmac.compare_digest(row["secret_hash"], hashed(secret)):
        return None
    return Device(**row)


async def by_id(source: Connection | Pool, device_id: UUID) -> Device | None:
    """Return a known device."""
    row = await source.fetchrow("SELECT * FROM devices WHERE device_id = $1", device_id)
    return Device(**row) if row else None


async def keep(
    connection: Connection,
    known: Device | None,
    account_id: UUID,
    name: str,
    until: datetime | None,
    now: datetime,
) -> tuple[UUID, str]:
    """Keep the device that somebody has just logged in on; return its id and its new token."""
    device_id = known.device_id if known else new_id()
    secret = secrets.token_urlsafe(32)
    await connection.execute(
        "INSERT INTO devices VALUES ($1, $2, $3, $4, $5, $5, $6) ON CONFLICT (device_id)"
        " DO UPDATE SET secret_hash = $3, device = $4, last_used_at = $5, remembered_until = $6",
        device_id,
        account_id,
        hashed(secret),
        name,
        now,
        until,
    )
    return device_id, f"{device_id}.{secret}"


async def of_account(source: Connection | Pool, account_id: UUID, now: datetime) -> list[Device]:
    """Return the devices that are remembered now, the last used first."""
    rows = await source.fetch(
        "SELECT * FROM devices WHERE account_id = $1 AND remembered_until > $2"
        " ORDER BY last_used_at DESC, device_id",
        account_id,
        now,
    )
    return [Device(**row) for row in rows]


async def forget(connection: Connection, device_ids: list[UUID]) -> None:
    """Ask these devices for a second factor again."""
    await connection.execute(
        "UPDATE devices SET remembered_until = NULL WHERE device_id = ANY($1)", device_ids
    )
