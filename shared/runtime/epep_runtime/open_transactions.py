"""The oldest open transaction: the relay publishes nothing that was committed after it began.

Only a transaction that has written counts (it has a transaction id), and only one in the same
database (`sql/0016_open_in_this_database.sql`). PostgreSQL ends those of our services by time-out
(`postgres.py`); until then, and for anybody else's, this is how it is seen.
"""

import time
from dataclasses import dataclass
from typing import Any

import structlog

from epep_runtime.postgres import Connection, Pool

log = structlog.get_logger()
WARN_SECONDS = 5.0

# Its state and beginning show only to its own role and to members of pg_read_all_stats.
OLDEST = """
SELECT id::text, pid, owner, state,
       extract(epoch FROM clock_timestamp() - began)::float8 AS seconds
  FROM (SELECT backend_xid, pid, usename, state, xact_start
          FROM pg_stat_activity WHERE datname = current_database() AND backend_xid IS NOT NULL
         UNION ALL
        SELECT transaction, NULL, owner, NULL, prepared
          FROM pg_prepared_xacts WHERE database = current_database()
       ) AS open(id, pid, owner, state, began)
 ORDER BY age(id) DESC LIMIT 1
"""


@dataclass(frozen=True, slots=True)
class OpenTransaction:
    """A transaction that holds the relay back; `who` is for the operator."""

    seconds: float
    who: str

    @property
    def stalled(self) -> bool:
        """Tell whether it is open for longer than any of ours should be."""
        return self.seconds >= WARN_SECONDS

    def __str__(self) -> str:
        """Return it as a sentence for the operator."""
        return (
            f"A transaction that has been open for {self.seconds:.0f} s holds the relay back:"
            f" {self.who}."
        )


class OpenTransactions:
    """Watches one database, look by look, and warns once of each that stalls."""

    def __init__(self) -> None:
        self._id: str | None = None
        self._first_seen = 0.0
        self._warned = False

    async def look(self, connection: Pool | Connection) -> OpenTransaction | None:
        """Return the oldest open transaction, or None.

        The age of one whose beginning is hidden from us counts from the look that first saw it.
        """
        row = await connection.fetchrow(OLDEST)
        found = None if row is None else row["id"]
        if found != self._id:
            self._id, self._first_seen, self._warned = found, time.monotonic(), False
        if row is None:
            return None
        seen = time.monotonic() - self._first_seen
        oldest = OpenTransaction(max(seen, row["seconds"] or 0.0), _who(row))
        if oldest.stalled and not self._warned:
            self._warned = True
            log.warning("a stalled transaction holds the relay back", **_said(oldest))
        return oldest


def _who(row: Any) -> str:
    if row["pid"] is None:
        return f"{row['owner']}, a prepared one (see pg_prepared_xacts)"
    state = f", {row['state']}" if row["state"] else ""
    return f"{row['owner']}, process {row['pid']}{state}"


def _said(oldest: OpenTransaction) -> dict[str, object]:
    return {"seconds": round(oldest.seconds, 1), "who": oldest.who}
