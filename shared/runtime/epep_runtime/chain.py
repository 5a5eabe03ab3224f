"""Proof that a stream is whole: each event's hash covers the one before it and itself.

The same arithmetic as `sql/0006_hash_chain.sql`, in plain Python, so that an auditor needs no
database.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
SEPARATOR = "\x1f"


class Row(Protocol):
    """A row of the event table, from a database or from a file: columns by name."""

    def __getitem__(self, name: str, /) -> Any:
        """Return one column."""


@dataclass(frozen=True, slots=True)
class Break:
    """The first place where a stream is not what was appended."""

    stream_id: str
    stream_version: int
    what: str


def hash_of_event(previous: bytes, row: Row) -> bytes:
    """Return the SHA-256 of an event: `row` has the event table's columns, `text` its JSON."""
    microseconds = (row["occurred_at"] - EPOCH) // timedelta(microseconds=1)
    parts = [
        row["stream_id"],
        row["stream_version"],
        row["event_id"],
        row["type"],
        row["schema_version"],
        microseconds,
        row["authority"],
        row["actor_id"],
        row["actor_role"],
        row["on_behalf_of"],
        row["correlation_id"],
        row["causation_id"],
        row["text"],
    ]
    said = SEPARATOR.join("" if part is None else str(part) for part in parts)
    return hashlib.sha256(previous + said.encode()).digest()


def first_break(rows: Iterable[Row]) -> Break | None:
    """Check whole streams, given in order of stream and version; None when nothing is wrong.

    Names the first event that was altered, is missing, or was put in.
    """
    stream, version, previous = "", 0, b""
    for row in rows:
        if row["stream_id"] != stream:
            stream, version, previous = row["stream_id"], 0, b""
        version += 1
        if row["stream_version"] != version:
            return Break(stream, version, "missing")
        if row["previous_hash"] != previous:
            return Break(stream, version, "put in, or the one before it was replaced")
        if row["hash"] != hash_of_event(previous, row):
            return Break(stream, version, "altered")
        previous = row["hash"]
    return None
