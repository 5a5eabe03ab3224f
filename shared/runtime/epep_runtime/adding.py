"""Handlers that only add rows: an INSERT each when live, one COPY for many in a rebuild."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from epep_events.envelope import Metadata
from epep_runtime.postgres import Connection


@dataclass(frozen=True, slots=True)
class Adding:
    """A projector's handler that makes rows of one table, of nothing but the event itself.

    `rows(event, meta)` is pure and gives values in the order of `columns`. The table's primary key
    must follow from the event, so that a row that is there already is this event's own.
    """

    table: str
    columns: tuple[str, ...]
    rows: Callable[[Any, Metadata], Iterable[tuple[Any, ...]]]

    async def __call__(self, connection: Connection, event: Any, meta: Metadata) -> None:
        """Add the event's rows; the same event again changes nothing."""
        for row in self.rows(event, meta):
            await connection.execute(self._insert(), *row)

    def _insert(self) -> str:
        places = ", ".join(f"${number}" for number in range(1, len(self.columns) + 1))
        return (
            f"INSERT INTO {self.table} ({', '.join(self.columns)}) VALUES ({places})"  # noqa: S608
            " ON CONFLICT DO NOTHING"
        )


class Rows:
    """The rows of one batch that wait to be copied. Raises what COPY raises for a row twice."""

    def __init__(self) -> None:
        self._waiting: dict[tuple[str, tuple[str, ...]], list[tuple[Any, ...]]] = {}

    def add(self, handler: Adding, event: Any, meta: Metadata) -> None:
        """Make an event's rows, and keep them until `copy`."""
        waiting = self._waiting.setdefault((handler.table, handler.columns), [])
        waiting.extend(handler.rows(event, meta))

    async def copy(self, connection: Connection) -> None:
        """Write what waits, in the caller's transaction and where its search path says."""
        for (table, columns), rows in self._waiting.items():
            if rows:
                await connection.copy_records_to_table(table, records=rows, columns=columns)
        self._waiting.clear()
