"""Checking a log where it lies: in the service's own database, in one snapshot."""

from collections.abc import AsyncIterator, Iterable
from typing import Any

from epep_runtime.operations import STREAM
from epep_runtime.postgres import Connection, Pool, take_long
from epep_runtime.proof.checking import Checking, Notary, Report
from epep_runtime.proof.one_stream import Signed, check_stream
from epep_runtime.proof.seals import Seal
from epep_runtime.proof.tree import Head, StreamTree, Tree, leaf_of, slot_of

PREFETCH = 2_000

NUMBERED = """
SELECT p.publication, e.*, e.data::text AS text FROM publications p JOIN events e USING (position)
 ORDER BY p.publication
"""
NOT_NUMBERED = """
SELECT NULL::bigint AS publication, e.*, e.data::text AS text FROM events e
 WHERE NOT EXISTS (SELECT FROM publications p WHERE p.position = e.position) ORDER BY e.position
"""
OF_STREAM = """
SELECT p.publication, e.*, e.data::text AS text
  FROM events e LEFT JOIN publications p USING (position)
 WHERE e.stream_id = $1 ORDER BY e.stream_version, e.position
"""


async def stored_rows(connection: Connection) -> AsyncIterator[Any]:
    """Return every event as a row, in the order of publication; then those without a number.

    In the caller's transaction.
    """
    for query in (NUMBERED, NOT_NUMBERED):
        async for row in connection.cursor(query, prefetch=PREFETCH):
            yield row


async def signed_heads(connection: Connection) -> StreamTree:
    """Return the streams under the newest root, as the service keeps them."""
    tree = StreamTree()
    query = "SELECT stream_id, stream_version, hash FROM sealed_heads"
    async for row in connection.cursor(query, prefetch=PREFETCH):
        tree.put(row["stream_id"], Head(row["stream_version"], row["hash"]))
    return tree


async def check_store(
    pool: Pool, service: str, trusted: Iterable[str] = (), known: Iterable[Seal] = ()
) -> Report:
    """Check a whole log. It reads, in one snapshot, and holds nobody back."""
    async with (
        pool.acquire() as connection,
        connection.transaction(isolation="repeatable_read", readonly=True),
    ):
        await take_long(connection)
        notary = await _notary(connection, service, trusted)
        checking = Checking(notary, known)
        async for row in stored_rows(connection):
            checking.take(row)
        report = checking.finish()
        if report.faults:
            checking.explain(await signed_heads(connection))
    return report


async def check_stored_stream(
    pool: Pool, service: str, stream_id: str, trusted: Iterable[str] = ()
) -> Report:
    """Check one stream and its place under the newest root."""
    async with (
        pool.acquire() as connection,
        connection.transaction(isolation="repeatable_read", readonly=True),
    ):
        operations = await connection.fetch(OF_STREAM, STREAM)
        notary = Notary(service, frozenset(trusted))
        for row in operations:
            notary.hear(row)
        rows = await connection.fetch(OF_STREAM, stream_id)
        signed = await _signed(connection, stream_id)
        return check_stream(stream_id, rows, operations, notary, signed)


async def _notary(connection: Connection, service: str, trusted: Iterable[str]) -> Notary:
    notary = Notary(service, frozenset(trusted))
    for row in await connection.fetch(OF_STREAM, STREAM):
        notary.hear(row)
    return notary


async def _signed(connection: Connection, stream_id: str) -> Signed:
    """Return the kept tree's root and the stream's head in it: one leaf is read, not all."""
    slot = slot_of(stream_id)
    tree = Tree()
    for row in await connection.fetch("SELECT slot, hash FROM sealed_slots"):
        tree.put(row["slot"], row["hash"])
    rows = await connection.fetch(
        "SELECT stream_id, stream_version, hash FROM sealed_heads WHERE slot = $1", slot
    )
    heads = {row["stream_id"]: Head(row["stream_version"], row["hash"]) for row in rows}
    tree.put(slot, leaf_of(heads))
    return Signed(tree.root().hex(), heads.get(stream_id))
