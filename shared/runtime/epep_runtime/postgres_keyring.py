"""The keyring in a PostgreSQL database of its own: keys wrapped by a master key from outside.

Elsewhere a key management service takes its place behind the same port.
"""

import asyncio
import base64
import binascii
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any

import asyncpg
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.keywrap import (
    InvalidUnwrap,
    aes_key_unwrap,
    aes_key_wrap,
)

from epep_events.sealed_fields import Keys, Subject
from epep_runtime.hearing import Hearing
from epep_runtime.keyring import KeyCache, KeysFound
from epep_runtime.migrations import Migration, find
from epep_runtime.postgres import Pool
from epep_runtime.waiting import ended

CACHED = 50_000
CACHED_SECONDS = 60.0
"""A key is used so long without asking again; its destruction is heard of at once."""
CHANNEL = "subject_key_destroyed"
CONNECTIONS = 3
FETCH = "SELECT subject::text, wrapped FROM subject_keys WHERE subject = ANY($1::text[]::uuid[])"
MAKE = """
INSERT INTO subject_keys (subject, wrapped)
SELECT * FROM unnest($1::text[]::uuid[], $2::bytea[]) ON CONFLICT DO NOTHING
RETURNING subject::text, wrapped
"""
TAKE = """
INSERT INTO subject_keys (subject, wrapped, destroyed_at)
SELECT subject, wrapped, CASE WHEN wrapped IS NULL THEN now() END
  FROM unnest($1::text[]::uuid[], $2::bytea[]) AS given(subject, wrapped) ON CONFLICT DO NOTHING
"""
DESTROY = """
INSERT INTO subject_keys AS k (subject, destroyed_at) VALUES ($1::text::uuid, now())
    ON CONFLICT (subject) DO UPDATE SET wrapped = NULL, destroyed_at = now()
 WHERE k.destroyed_at IS NULL
RETURNING true
"""


class KeyringError(Exception):
    """The keyring was set up wrongly; the message is a sentence for the operator."""


async def _nothing_left(_connection: Any) -> None:
    """For the pool's `reset`, which is a round trip more: single statements leave nothing."""


def keyring_migrations() -> list[Migration]:
    """Return the migrations of the keyring's database."""
    return find("keyring", Path(__file__).parent / "keyring_sql")


def master_key(text: str) -> bytes:
    """Read `EPEP_KEYRING_MASTER_KEY`. Raises KeyringError for anything but 32 bytes in base64."""
    try:
        key = base64.b64decode(text, validate=True)
    except binascii.Error:
        key = b""
    if len(key) != 32:
        raise KeyringError("EPEP_KEYRING_MASTER_KEY must be 32 random bytes in base64.")
    return key


class PostgresKeyring:
    """Keys by subject, a query for a whole batch, and those in use kept in memory for a minute.

    It connects when it is first asked. While it cannot listen for destroyed keys it keeps none
    in memory. Raises KeyringError for a master key that did not wrap what it finds.
    """

    def __init__(self, url: str, master: bytes) -> None:
        self._url, self._master = url, master
        self._cache = KeyCache(CACHED, CACHED_SECONDS)
        self._pool: Pool | None = None
        self._opening = asyncio.Lock()
        self._hearing = Hearing(url, CHANNEL, self.forget, self._cache.clear)
        self._listener: asyncio.Task[None] | None = None

    async def check(self) -> None:
        """Make sure, at a start, that this is a keyring and the master key its own.

        Raises KeyringError, and what the database raises.
        """
        pool = await self._open()
        try:
            rows = await pool.fetch(
                "SELECT wrapped FROM subject_keys WHERE wrapped IS NOT NULL LIMIT 1"
            )
        except asyncpg.UndefinedTableError as error:
            raise KeyringError("The keyring has no tables: run `migrate` first.") from error
        for row in rows:
            self._unwrapped(row["wrapped"])

    async def keys_for(self, subjects: Collection[Subject], *, create: bool = False) -> Keys:
        """Return the keys of these subjects; see the port."""
        found, missing = self._cache.find(subjects)
        if not missing:
            return found
        pool = await self._open()
        fetched = await self._fetch(pool, missing)
        if create and len(fetched) < len(missing):
            fetched |= await self._make(pool, [each for each in missing if each not in fetched])
        if self._hearing.now:
            self._cache.keep(fetched)
            # One that was destroyed meanwhile is destroyed, whatever the answer on its way said.
            fetched, _ = self._cache.find(fetched)
        return {**found, **fetched}

    async def raw_keys(self, subjects: Collection[Subject]) -> dict[Subject, bytes | None]:
        """Return the keys themselves, None for one destroyed: to be sealed for an auditor."""
        rows = await (await self._open()).fetch(FETCH, list(subjects))
        return {row["subject"]: self._raw(row["wrapped"]) for row in rows}

    async def take(self, keys: Mapping[Subject, bytes | None]) -> None:
        """Put in the keys that came with an export, None for one destroyed. Those here stay."""
        pool = await self._open()
        wrapped = [aes_key_wrap(self._master, raw) if raw else None for raw in keys.values()]
        await pool.execute(TAKE, list(keys), wrapped)
        self._cache.clear()

    async def destroy(self, subject: Subject) -> bool:
        """Destroy a subject's key; see the port. The old row's bytes are cleared away, too."""
        pool = await self._open()
        done = await pool.fetchval(DESTROY, subject)
        self.forget(subject)
        if done:
            await pool.execute("VACUUM subject_keys")
        return bool(done)

    def forget(self, subject: Subject) -> None:
        """Drop from memory a key that is known to have been destroyed."""
        self._cache.forget(subject)

    async def close(self) -> None:
        """Let go of connections and of all keys in memory."""
        if self._listener:
            await ended(self._listener)
        if self._pool:
            await self._pool.close()
        self._cache.clear()

    async def _fetch(self, pool: Pool, subjects: list[Subject]) -> KeysFound:
        return self._read(await pool.fetch(FETCH, subjects))

    async def _make(self, pool: Pool, subjects: list[Subject]) -> KeysFound:
        """Make these subjects' keys; return what they are now, whoever made or destroyed them."""
        fresh = [aes_key_wrap(self._master, AESGCM.generate_key(256)) for _ in subjects]
        made = self._read(await pool.fetch(MAKE, subjects, fresh))
        others = [subject for subject in subjects if subject not in made]
        return made | await self._fetch(pool, others) if others else made

    def _read(self, rows: Iterable[asyncpg.Record]) -> KeysFound:
        return {row["subject"]: self._unwrapped(row["wrapped"]) for row in rows}

    def _unwrapped(self, wrapped: bytes | None) -> AESGCM | None:
        raw = self._raw(wrapped)
        return AESGCM(raw) if raw else None

    def _raw(self, wrapped: bytes | None) -> bytes | None:
        try:
            return aes_key_unwrap(self._master, wrapped) if wrapped else None
        except InvalidUnwrap as error:
            raise KeyringError("EPEP_KEYRING_MASTER_KEY is not the one of this keyring.") from error

    async def _open(self) -> Pool:
        async with self._opening:
            if self._pool is None:
                self._pool = await asyncpg.create_pool(
                    self._url, min_size=1, max_size=CONNECTIONS, command_timeout=30,
                    server_settings={"application_name": "epep keyring"}, reset=_nothing_left,
                )  # fmt: skip
                self._listener = asyncio.create_task(self._hearing.run())
        return self._pool
