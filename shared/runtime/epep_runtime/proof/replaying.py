"""Rebuilding every read model of a service from exported files, without Kafka.

A service's read models follow several topics, and on Kafka nothing orders one topic against
another, nor two streams of one topic. So they must come out the same in whatever order the topics
come, as long as each stream keeps its own; a replay gives each service's events in the order of
publication and merges the services by the time at which things were said, which is an order that
could have happened.
"""

import hashlib
import heapq
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson

from epep_events.catalog import Catalog
from epep_events.contexts import catalog
from epep_events.envelope import Recorded
from epep_events.operations import SubjectErased
from epep_events.sealed_fields import Keys, open_sealed, sealed_slots
from epep_runtime.event_store import metadata_of
from epep_runtime.keyring import Keyring, subjects_in
from epep_runtime.postgres import Connection, Pool, take_long
from epep_runtime.proof.checking import Checking
from epep_runtime.proof.folder import COLUMNS, Export, FolderError
from epep_runtime.read_model_tables import LIVE, qualified
from epep_runtime.skipping import skipped_in
from epep_runtime.subscriptions import Projector

BATCH = 1_000
SEALED = "[sealed]"
"""What a personal value reads as for whom its key was not given."""
Progress = Callable[[int, int], None]
STORED = ("position", *COLUMNS, "data", "previous_hash", "hash")


@dataclass(frozen=True, slots=True)
class Digest:
    """A read model's table as a number of rows and the SHA-256 over them, in order."""

    read_model: str
    table: str
    rows: int
    sha256: str

    def __str__(self) -> str:
        """Return it as a line that two people can compare."""
        return f"{self.sha256}  {self.rows:>9}  {self.read_model}  {self.table}"


async def load_store(pool: Pool, export: Export) -> int:
    """Put the exported events into the service's empty event table; return how many.

    They are checked on their way in. Raises FolderError for a store that is not empty and for
    events that are not those that were signed; then nothing is kept.
    """
    checking = Checking(export.notary())
    async with pool.acquire() as connection, connection.transaction():
        await take_long(connection)
        if await connection.fetchval("SELECT EXISTS (SELECT FROM events)"):
            raise FolderError("This database has events already: replay into an empty one.")
        for rows in _batches(export.rows()):
            for row in rows:
                checking.take(row)
            await _store(connection, rows)
        report = checking.finish()
        if report.faults:
            raise FolderError("This export was changed: " + " ".join(report.faults[:3]))
        await connection.execute(
            "SELECT setval(pg_get_serial_sequence('events', 'position'),"
            " greatest((SELECT max(position) FROM events), 1))"
        )
        await connection.execute(
            "UPDATE relay_place SET numbered = $1, sent = $1,"
            " transaction_id = pg_current_xact_id(), position = 9223372036854775807",
            report.events,
        )
    return report.events


async def _store(connection: Connection, rows: Sequence[dict[str, Any]]) -> None:
    """Copy events with the positions they had: they are what the service itself numbered by."""
    await connection.copy_records_to_table(
        "events", columns=list(STORED), records=[[row[name] for name in STORED] for row in rows]
    )
    await connection.copy_records_to_table(
        "publications",
        columns=["publication", "position"],
        records=[(row["publication"], row["position"]) for row in rows],
    )


def _batches(rows: Iterable[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    iterator = iter(rows)
    while batch := list(islice(iterator, BATCH)):
        yield batch


def merged(folder: Path, services: Iterable[str]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Return the services' events, each service's in its order, merged by when they were said."""

    def of(service: str) -> Iterator[tuple[Any, str, dict[str, Any]]]:
        for row in Export(folder, service).rows():
            yield row["occurred_at"], service, row

    for _, service, row in heapq.merge(*map(of, services), key=lambda each: each[:2]):
        yield service, row


async def feed(
    pool: Pool,
    keyring: Keyring,
    projectors: Sequence[Projector],
    folder: Path,
    progress: Progress,
) -> int:
    """Hand every event of the folder to the projectors that take it; return how many there were.

    Personal values are opened with the keys that are here; the others read `[sealed]`.
    What the loaded store says that operators have skipped is left out, as in any rebuild. Raises
    FolderError for an export that lacks a service which a projector follows, or an event that one
    cannot take.
    """
    services = sorted({context for each in projectors for context in each.contexts})
    manifests = [Export(folder, service).manifest() for service in services]
    total, done = sum(each.events for each in manifests), 0
    known, skipped = catalog(), await _skipped(pool, projectors, services)
    events = merged(folder, services)
    while batch := list(islice(events, BATCH)):
        keys = await keyring.keys_for(subjects_in(row["text"] for _, row in batch))
        async with pool.acquire() as connection, connection.transaction():
            for service, row in batch:
                takers = [
                    each
                    for each in projectors
                    if (each.name, service, row["publication"]) not in skipped
                ]
                await _hand(connection, takers, _read(known, service, row, keys))
        done += len(batch)
        progress(done, total)
    return done


async def _skipped(
    pool: Pool, projectors: Sequence[Projector], services: Sequence[str]
) -> set[tuple[str, str, int]]:
    """Return (read model, service, publication); a topic is a service's name after a prefix."""
    return {
        (projector.name, service, each.publication)
        for projector in projectors
        for each in await skipped_in(pool, projector.name)
        for service in services
        if each.topic.endswith(service)
    }


def _read(known: Catalog, service: str, row: dict[str, Any], keys: Keys) -> Recorded:
    meta, document = metadata_of(service, row), orjson.loads(row["text"])
    erased = open_sealed(sealed_slots(document), meta.event_id, keys, SEALED)
    return Recorded(known.read(meta.type, meta.schema_version, document), meta, 0, erased)


async def _hand(connection: Connection, projectors: Sequence[Projector], event: Recorded) -> None:
    meta, gone = event.meta, set(event.erased)
    if isinstance(event.data, SubjectErased):
        gone.add(str(event.data.subject))
    for projector in projectors:
        if meta.source not in projector.contexts:
            continue
        handler = projector.handles.get(type(event.data))
        try:
            if handler:
                await handler(connection, event.data, meta)
            if projector.forget and (handler or isinstance(event.data, SubjectErased)):
                for subject in sorted(gone):
                    await projector.forget(connection, UUID(subject))
        except Exception as error:
            raise FolderError(
                f"{projector.name} could not take {meta.type}, version {meta.stream_version} of"
                f" {meta.stream_id}: {type(error).__name__}."
            ) from error


async def digests(pool: Pool, projectors: Sequence[Projector]) -> AsyncIterator[Digest]:
    """Return each read model's tables as digests, all in one snapshot."""
    async with (
        pool.acquire() as connection,
        connection.transaction(isolation="repeatable_read", readonly=True),
    ):
        await take_long(connection)
        for projector in projectors:
            for table in projector.tables:
                yield await _digest(connection, projector.name, table)


async def _digest(connection: Connection, read_model: str, table: str) -> Digest:
    rows, digest = 0, hashlib.sha256()
    query = (
        f"SELECT t::text FROM {qualified(LIVE, table)} t"  # noqa: S608 - a table of ours
        ' ORDER BY t::text COLLATE "C"'
    )
    async for row in connection.cursor(query, prefetch=BATCH):
        digest.update(row[0].encode() + b"\n")
        rows += 1
    return Digest(read_model, table, rows, digest.hexdigest())
