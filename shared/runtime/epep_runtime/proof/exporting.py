"""Writing a service's whole log to files, while the service runs or from a restored dump."""

import asyncio
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from epep_events.operations import LogExported
from epep_runtime.event_store import Cause, EventStore
from epep_runtime.keyring import subjects_in
from epep_runtime.operations import STREAM, hold_operations, say
from epep_runtime.postgres import Connection, Pool, take_long
from epep_runtime.postgres_keyring import PostgresKeyring
from epep_runtime.proof.auditor_keys import KEYS, sealed_keys
from epep_runtime.proof.folder import (
    EVENTS,
    HEADS,
    MANIFEST,
    Export,
    FileEntry,
    FolderError,
    LinesFile,
    Manifest,
    entry_of,
    line_of,
)
from epep_runtime.proof.seals import Seal, seal_log
from epep_runtime.proof.signing import log_signer
from epep_runtime.proof.stored import PREFETCH

PATIENCE_SECONDS = 30.0
ROUND = 5_000

UP_TO = """
SELECT p.publication, e.*, e.data::text AS text FROM publications p JOIN events e USING (position)
 WHERE p.publication <= $1 ORDER BY p.publication
"""

SIGNED_HEADS = """
SELECT stream_id, stream_version, hash FROM sealed_heads ORDER BY stream_id COLLATE "C"
"""


@dataclass(frozen=True, slots=True)
class KeysFor:
    """Whom the subjects' keys are sealed to, an auditor's public key, and where they come from."""

    jwk: dict[str, Any]
    keyring: PostgresKeyring


async def number_everything(pool: Pool) -> int:
    """Give publication numbers to what has been committed, and return the highest.

    The relay does the same when it runs; a restored dump may have none. Raises FolderError when an
    open transaction keeps the newest event from getting its number.
    """
    if await pool.fetchval(
        "SELECT system_identifier <> (SELECT system_identifier FROM pg_control_system())"
        " FROM relay_place"
    ):
        await pool.execute("SELECT adopt_restored_log()")
    newest = await pool.fetchval("SELECT max(position) FROM events")
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        while await pool.fetchval("SELECT number_publications($1)", ROUND):
            pass
        row = await pool.fetchrow(
            "SELECT numbered, $1::bigint IS NULL OR EXISTS"
            " (SELECT FROM publications WHERE position = $1) AS all_are FROM relay_place",
            newest,
        )
        if row and row["all_are"]:
            return int(row["numbered"])
        await asyncio.sleep(0.1)
    raise FolderError(
        "A transaction that began before is still open, so that the newest events have no number"
        " yet. Try again when it has ended."
    )


async def seal_everything(
    pool: Pool, store: EventStore, secret: bytes, cause: Cause, *, new_key: bool = False
) -> Seal | None:
    """Sign roots until one covers all that was there when it was asked for; return the last.

    None where nothing was left to sign. Raises FolderError, and what `seal_log` raises.
    """
    wanted, last = await number_everything(pool), None
    while last is None or last.up_to_publication < wanted:
        seal = await seal_log(pool, store, secret, cause, new_key=new_key)
        if seal is None:
            break
        last, new_key = seal, False
    return last


async def export_log(
    pool: Pool,
    store: EventStore,
    secret: bytes,
    folder: Path,
    why: str,
    cause: Cause,
    keys_for: KeysFor | None = None,
) -> Manifest:
    """Say that the log is exported, seal it, and write it to `folder/<service>`.

    Personal values are written as they are stored, sealed; with `keys_for` the keys go along.
    Raises FolderError, SealRefusedError and WrongLogSecretError.
    """
    export = Export(folder, store.source)
    if export.path.exists():
        raise FolderError(f"{export.path} is there already: name a folder that is not.")
    numbered = await number_everything(pool)
    async with pool.acquire() as connection, connection.transaction():
        await hold_operations(connection, store)
        kid = keys_for.jwk["kid"] if keys_for else None
        said = LogExported(up_to_publication=numbered, keys_for=kid, why=why)
        await say(connection, store, said, cause)
    await seal_everything(pool, store, secret, cause)
    until = await number_everything(pool)
    export.path.mkdir(parents=True)
    async with pool.acquire() as connection:
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            await take_long(connection)
            unsigned = await _write(connection, store, export, until, keys_for)
        async with connection.transaction():
            await hold_operations(connection, store)
            signer = await log_signer(connection, store, secret, cause)
    unsigned = unsigned.model_copy(update={"kid": signer.kid})
    manifest = unsigned.model_copy(update={"signature": signer.sign(unsigned.message())})
    (export.path / MANIFEST).write_text(manifest.model_dump_json(indent=1) + "\n")
    return manifest


async def _write(
    connection: Connection, store: EventStore, export: Export, until: int, keys_for: KeysFor | None
) -> Manifest:
    types: Counter[str] = Counter()
    streams: set[str] = set()
    subjects: set[str] = set()
    with LinesFile(export.path / EVENTS) as events:
        async for row in connection.cursor(UP_TO, until, prefetch=PREFETCH):
            events.write(line_of(row))
            types[row["type"]] += 1
            streams.add(row["stream_id"])
            if keys_for:
                subjects |= subjects_in([row["text"]])
    with LinesFile(export.path / HEADS) as heads:
        async for row in connection.cursor(SIGNED_HEADS, prefetch=PREFETCH):
            heads.write([row["stream_id"], row["stream_version"], row["hash"].hex()])
    seal = await connection.fetchval(
        "SELECT data::text FROM events WHERE stream_id = $1 AND type = 'LogSealed'"
        " ORDER BY stream_version DESC LIMIT 1",
        STREAM,
    )
    files = {EVENTS: events.entry(), HEADS: heads.entry()}
    if keys_for:
        files[KEYS] = await _write_keys(export, keys_for, subjects)
    return Manifest.model_validate(
        {
            "service": store.source,
            "made_at": store.clock(),
            "up_to_publication": until,
            "events": events.rows,
            "streams": len(streams),
            "types": dict(sorted(types.items())),
            "files": files,
            "seal": orjson.loads(seal),
            "kid": "",
        }
    )


async def _write_keys(export: Export, keys_for: KeysFor, subjects: set[str]) -> FileEntry:
    keys = await keys_for.keyring.raw_keys(subjects)
    path = export.path / KEYS
    path.write_bytes(sealed_keys(keys, keys_for.jwk))
    return entry_of(path, len(keys))
