"""Which rows a rebuilt generation has otherwise than the live read model, at the same places."""

import asyncio
import time
from collections.abc import Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from epep_runtime.generations import Generation, RebuildError
from epep_runtime.postgres import Connection, Pool, take_long
from epep_runtime.read_model_tables import LIVE, qualified, quoted
from epep_runtime.subscriptions import Projector

SHOWN = 50
PATIENCE_SECONDS = 60.0

KEY_OF = """
SELECT attname FROM pg_index
  JOIN pg_attribute ON attrelid = indrelid AND attnum = ANY (indkey)
 WHERE indrelid = $1::text::regclass AND indisprimary
 ORDER BY array_position(indkey::int2[], attnum)
"""

APART = """
SELECT count(*) FROM (SELECT * FROM places WHERE subscription = $1) AS live
  FULL JOIN (SELECT * FROM places WHERE subscription = $2) AS new USING (topic, partition)
 WHERE coalesce(live.publication, 0) <> coalesce(new.publication, 0)
"""


@dataclass(frozen=True, slots=True)
class Difference:
    """One row that differs: its key (the whole row in a table without one), and how.

    `how` is `only live`, `only new`, or the names of the columns that differ. The values stay
    where they are: they are people's.
    """

    table: str
    key: dict[str, Any]
    how: str

    def __str__(self) -> str:
        """Return it as a line for the operator."""
        key = ", ".join(f"{name}={value}" for name, value in self.key.items())
        return f"{self.table} ({key}): {self.how}"


@dataclass(slots=True)
class Comparison:
    """How many rows differ in all, how many were looked at, and the first fifty that differ."""

    rows: int = 0
    differing: int = 0
    first: list[Difference] = field(default_factory=list)
    parked: int = 0

    def add(self, difference: Difference) -> None:
        """Count a difference, and keep it while there are few."""
        self.differing += 1
        if len(self.first) < SHOWN:
            self.first.append(difference)


async def compare(pool: Pool, projector: Projector, generation: Generation) -> Comparison:
    """Compare the generation with the live read model in a snapshot in which both are level.

    Nothing is locked: it looks again until it finds such a moment. `parked` is how many streams
    wait in the live one, which explains rows that only the new one has. Raises RebuildError when
    a minute brings none (the live service does not run, or never rests).
    """
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        async with pool.acquire() as connection, _snapshot(connection):
            if not await connection.fetchval(APART, projector.name, generation.subscription):
                return await _compare(connection, projector, generation)
        await asyncio.sleep(0.05)
    raise RebuildError(
        f"{projector.name} and its generation {generation.number} did not come to the same place"
        f" within {PATIENCE_SECONDS:.0f} s. Does the service run?"
    )


@asynccontextmanager
async def _snapshot(connection: Connection) -> Any:
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        await take_long(connection)
        yield


async def _compare(
    connection: Connection, projector: Projector, generation: Generation
) -> Comparison:
    found = Comparison()
    found.parked = await connection.fetchval(
        "SELECT count(*) FROM parked_streams WHERE subscription = $1", projector.name
    )
    for table in projector.tables:
        live, new = qualified(LIVE, table), qualified(generation.schema, table)
        found.rows += await connection.fetchval(f"SELECT count(*) FROM {live}")  # noqa: S608
        key = [row[0] for row in await connection.fetch(KEY_OF, live)]
        query = _by_key(live, new, key) if key else _by_row(live, new)
        async for row in connection.cursor(query):
            found.add(_difference(table, key, row["live"], row["new"]))
    return found


def _by_key(live: str, new: str, key: Iterable[str]) -> str:
    columns = ", ".join(map(quoted, key))
    return (
        f"SELECT l.whole AS live, n.whole AS new"  # noqa: S608 - quoted names from the catalog
        f" FROM (SELECT {columns}, to_jsonb(t) AS whole FROM {live} t) l"
        f" FULL JOIN (SELECT {columns}, to_jsonb(t) AS whole FROM {new} t) n USING ({columns})"
        " WHERE l.whole IS DISTINCT FROM n.whole"
    )


def _by_row(live: str, new: str) -> str:
    whole = "SELECT to_jsonb(t) AS whole FROM {} t"
    ours, theirs = whole.format(live), whole.format(new)
    return (
        f"(SELECT whole AS live, NULL::jsonb AS new FROM ({ours} EXCEPT ALL {theirs}) a)"  # noqa: S608
        f" UNION ALL"
        f" (SELECT NULL::jsonb, whole FROM ({theirs} EXCEPT ALL {ours}) b)"
    )


def _difference(
    table: str, key: list[str], live: dict[str, Any] | None, new: dict[str, Any] | None
) -> Difference:
    row = live or new or {}
    shown = {name: row[name] for name in key} if key else row
    if live is None or new is None:
        return Difference(table, shown, "only new" if live is None else "only live")
    columns = [name for name in live if live[name] != new.get(name)]
    return Difference(table, shown, f"other {', '.join(columns)}")
