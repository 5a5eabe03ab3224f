"""Numbered SQL files, each applied once, in order, under an advisory lock."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import structlog

RUNTIME_SQL = Path(__file__).parent / "sql"
LOCK = 0x65706570
log = structlog.get_logger()


class MigrationError(Exception):
    """A migration that was applied has been changed, or its file is gone."""


@dataclass(frozen=True, slots=True)
class Migration:
    """One file: `source` is the package it belongs to, `name` its file name."""

    source: str
    name: str
    text: str

    @property
    def checksum(self) -> str:
        """Return the SHA-256 of the file's text, in hex."""
        return hashlib.sha256(self.text.encode()).hexdigest()


def find(source: str, folder: Path) -> list[Migration]:
    """Return the folder's `NNNN_name.sql` files in order."""
    files = sorted(folder.glob("[0-9][0-9][0-9][0-9]_*.sql"))
    return [Migration(source, file.name, file.read_text()) for file in files]


async def migrate(url: str, migrations: list[Migration]) -> list[str]:
    """Apply what the database does not have yet and return the names applied.

    Raises MigrationError when a file that was applied reads differently now.
    """
    connection = await asyncpg.connect(url)
    try:
        await connection.execute("SELECT pg_advisory_lock($1)", LOCK)
        return await _apply(connection, migrations)
    finally:
        await connection.close()


async def _apply(
    connection: "asyncpg.Connection[asyncpg.Record]", migrations: list[Migration]
) -> list[str]:
    await connection.execute(
        "CREATE TABLE IF NOT EXISTS migrations (source text, name text, checksum text NOT NULL,"
        " applied_at timestamptz NOT NULL DEFAULT now(), PRIMARY KEY (source, name))"
    )
    rows = await connection.fetch("SELECT source, name, checksum FROM migrations")
    done = {(row["source"], row["name"]): row["checksum"] for row in rows}
    applied = []
    for migration in migrations:
        before = done.get((migration.source, migration.name))
        if before is None:
            async with connection.transaction():
                await connection.execute(migration.text)
                await connection.execute(
                    "INSERT INTO migrations (source, name, checksum) VALUES ($1, $2, $3)",
                    migration.source,
                    migration.name,
                    migration.checksum,
                )
            applied.append(migration.name)
            log.info("migration applied", source=migration.source, name=migration.name)
        elif before != migration.checksum:
            raise MigrationError(
                f"{migration.name} was applied with other contents: write a new migration instead"
            )
    return applied
