"""Asks: what somebody unknown wants, kept sealed until it is looked up.

The answer to an ask is given before anything is known of the person: it takes the same time and
has the same words whoever asks (ASVS 6.3.8).
"""

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import UUID

import orjson

from epep_runtime.ids import new_id
from epep_runtime.postgres import Connection, Pool
from identity_service.secrets_at_rest import SecretsAtRest

Kind = Literal["registration", "forgotten_password", "forgotten_email", "email_change"]


@dataclass(frozen=True, slots=True)
class Ask:
    """One ask, opened."""

    ask_id: UUID
    kind: Kind
    body: dict[str, Any]
    asked_at: datetime
    tries: int


class Asks:
    """Writes asks down and wakes whoever looks them up in this process."""

    def __init__(self, pool: Pool, at_rest: SecretsAtRest) -> None:
        self._pool, self._at_rest = pool, at_rest
        self.written = asyncio.Event()

    async def write(self, kind: Kind, body: dict[str, Any], now: datetime) -> UUID:
        """Keep an ask and return its id: one insert, the same for anybody."""
        ask_id = new_id()
        await self._pool.execute(
            "INSERT INTO asks (ask_id, kind, sealed, asked_at, due_at) VALUES ($1, $2, $3, $4, $4)",
            ask_id,
            kind,
            self._at_rest.encrypted(orjson.dumps(body), f"ask/{ask_id}"),
            now,
        )
        self.written.set()
        return ask_id

    async def due(self, now: datetime) -> list[Ask]:
        """Return the oldest asks that are due, opened."""
        rows = await self._pool.fetch(
            "SELECT * FROM asks WHERE due_at <= $1 ORDER BY asked_at LIMIT 20", now
        )
        return [self._opened(row) for row in rows]

    def _opened(self, row: Any) -> Ask:
        body = orjson.loads(self._at_rest.decrypted(row["sealed"], f"ask/{row['ask_id']}"))
        return Ask(row["ask_id"], row["kind"], body, row["asked_at"], row["tries"])

    async def put_off(self, ask: Ask, until: datetime) -> None:
        """Have an ask looked up again later."""
        await self._pool.execute(
            "UPDATE asks SET tries = tries + 1, due_at = $2 WHERE ask_id = $1", ask.ask_id, until
        )

    async def drop(self, ask: Ask) -> None:
        """Give an ask up."""
        await self._pool.execute("DELETE FROM asks WHERE ask_id = $1", ask.ask_id)


async def done(connection: Connection, ask: Ask) -> bool:
    """Take an ask off the list in the caller's transaction; False where another was quicker.

    A write: hold the streams that the same transaction appends to before it.
    """
    found = await connection.fetchval(
        "DELETE FROM asks WHERE ask_id = $1 RETURNING true", ask.ask_id
    )
    return bool(found)


def back_off(tries: int) -> timedelta:
    """Return how long to wait after so many tries: one second, doubling up to a minute."""
    return timedelta(seconds=min(1 << min(tries, 6), 60))
