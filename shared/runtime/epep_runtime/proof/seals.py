"""Signing the root over all streams now and then: a worker of every service."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import structlog

from epep_events.envelope import Actor
from epep_events.operations import LogSealed
from epep_runtime.event_store import Cause, EventStore
from epep_runtime.ids import new_id
from epep_runtime.operations import hold_operations, say
from epep_runtime.postgres import DATABASE_FAULTS, Connection, Pool
from epep_runtime.proof.signing import WrongLogSecretError, canonical, log_signer
from epep_runtime.proof.tree import Head, Tree, leaf_of, slot_of

if TYPE_CHECKING:
    from epep_runtime.service import Running

log = structlog.get_logger()
LOOK_SECONDS = 60.0
MOST_EVENTS = 20_000
"""One seal covers at most so many events: it holds `operations` and, while it writes, the relay."""

NEW_HEADS = """
SELECT stream_id, count(*) AS events, min(stream_version) AS first, max(stream_version) AS last,
       (array_agg(previous_hash ORDER BY stream_version))[1] AS previous_hash,
       (array_agg(hash ORDER BY stream_version DESC))[1] AS hash
  FROM publications JOIN events USING (position)
 WHERE publication > $1 AND publication <= $2 GROUP BY stream_id
"""

DUE = """
SELECT coalesce(sealed_at, (SELECT occurred_at FROM events ORDER BY position LIMIT 1))
           <= $1::timestamptz - make_interval(secs => $2)
       AND EXISTS (SELECT FROM publications JOIN events USING (position)
                    WHERE publications.publication > sealed_place.publication
                      AND type <> 'LogSealed')
  FROM sealed_place
"""


class SealRefusedError(Exception):
    """The log does not go on from where the last root left it: it is not signed like that."""


@dataclass(frozen=True, slots=True)
class Seal:
    """A signed root: what `LogSealed` says, of which service, in event `version` of operations."""

    service: str
    root: str
    streams: int
    events: int
    up_to_publication: int
    kid: str
    signature: str = ""

    def message(self) -> bytes:
        """Return the bytes that the signature is over."""
        said = {name: getattr(self, name) for name in LogSealed.model_fields if name != "signature"}
        return canonical("log-seal/1", {**said, "service": self.service})


@dataclass(slots=True)
class _Grown:
    """What has changed since the last root: heads by leaf (whole leaves), and only the new ones."""

    leaves: dict[int, dict[str, Head]]
    new: dict[str, Head]
    more_streams: int


async def seal_log(
    pool: Pool, store: EventStore, secret: bytes, cause: Cause, *, new_key: bool = False
) -> Seal | None:
    """Sign and say the root over the next events that have publication numbers; None for none.

    Call it again until it returns None to seal everything. Raises SealRefusedError and
    WrongLogSecretError.
    """
    async with pool.acquire() as connection, connection.transaction():
        await hold_operations(connection, store)
        place = await connection.fetchrow("SELECT publication, streams FROM sealed_place")
        numbered = await connection.fetchval("SELECT numbered FROM relay_place")
        assert place is not None
        until = min(numbered, place["publication"] + MOST_EVENTS)
        if until == place["publication"] and not new_key:
            return None
        rows = await connection.fetch(NEW_HEADS, place["publication"], until)
        grown = await _grown(connection, rows, until - place["publication"])
        tree = await _tree(connection)
        leaves = await asyncio.to_thread(_put, tree, grown.leaves)
        signer = await log_signer(connection, store, secret, cause, new=new_key)
        seal = Seal(store.source, tree.root().hex(), place["streams"] + grown.more_streams,
                    until, until, signer.kid)  # fmt: skip
        said = {name: getattr(seal, name) for name in LogSealed.model_fields}
        said["signature"] = signer.sign(seal.message())
        await say(connection, store, LogSealed(**said), cause)
        await _keep(connection, grown, leaves, seal, store)
    return Seal(service=store.source, **said)


async def _grown(connection: Connection, rows: list[Any], events: int) -> _Grown:
    """Return the new heads beside those they stand with. Raises SealRefusedError for a gap."""
    if sum(row["events"] for row in rows) != events:
        raise SealRefusedError("Events that had publication numbers are missing from the log.")
    leaves: dict[int, dict[str, Head]] = {slot_of(row["stream_id"]): {} for row in rows}
    known = await connection.fetch(
        "SELECT slot, stream_id, stream_version, hash FROM sealed_heads WHERE slot = ANY($1)",
        list(leaves),
    )
    for row in known:
        leaves[row["slot"]][row["stream_id"]] = Head(row["stream_version"], row["hash"])
    grown = _Grown(leaves, {}, 0)
    for row in rows:
        _add(grown, row)
    return grown


def _add(grown: _Grown, row: Any) -> None:
    stream_id = row["stream_id"]
    beside = grown.leaves[slot_of(stream_id)]
    before = beside.get(stream_id, Head(0, b""))
    if (
        row["first"] != before.version + 1
        or row["last"] - row["first"] + 1 != row["events"]
        or row["previous_hash"] != before.hash
    ):
        raise SealRefusedError(
            f"Version {row['first']} of {stream_id} does not go on from what was signed last."
        )
    grown.more_streams += stream_id not in beside
    beside[stream_id] = grown.new[stream_id] = Head(row["last"], row["hash"])


async def _tree(connection: Connection) -> Tree:
    tree = Tree()
    for row in await connection.fetch("SELECT slot, hash FROM sealed_slots"):
        tree.put(row["slot"], row["hash"])
    return tree


def _put(tree: Tree, leaves: Mapping[int, Mapping[str, Head]]) -> dict[int, bytes]:
    """Put the leaves in the tree and return their hashes: in a thread, as they may be many."""
    hashes = {slot: leaf_of(heads) for slot, heads in leaves.items()}
    for slot, leaf in hashes.items():
        tree.put(slot, leaf)
    tree.root()
    return hashes


async def _keep(
    connection: Connection,
    grown: _Grown,
    leaves: Mapping[int, bytes],
    seal: Seal,
    store: EventStore,
) -> None:
    await connection.execute(
        "INSERT INTO sealed_heads SELECT * FROM unnest($1::int[], $2::text[], $3::int[],"
        " $4::bytea[]) ON CONFLICT (slot, stream_id) DO UPDATE"
        " SET stream_version = excluded.stream_version, hash = excluded.hash",
        [slot_of(stream_id) for stream_id in grown.new],
        list(grown.new),
        [head.version for head in grown.new.values()],
        [head.hash for head in grown.new.values()],
    )
    await connection.execute(
        "INSERT INTO sealed_slots SELECT * FROM unnest($1::int[], $2::bytea[])"
        " ON CONFLICT (slot) DO UPDATE SET hash = excluded.hash",
        list(leaves),
        list(leaves.values()),
    )
    await connection.execute(
        "UPDATE sealed_place SET publication = $1, streams = $2, sealed_at = $3",
        seal.up_to_publication,
        seal.streams,
        store.clock(),
    )


async def seal_now_and_then(process: "Running") -> None:
    """Seal the log when its last root is old enough and something has happened: a worker."""
    settings, store = process.settings, process.store
    secret = settings.log_secret()
    if secret is None:
        log.warning("the log is not sealed: EPEP_SECRET_KEY is not set")
        return
    while True:
        try:
            if await process.pool.fetchval(DUE, store.clock(), settings.seal_every_seconds):
                await seal_log(process.pool, store, secret, by_service(store))
                continue
        except (SealRefusedError, WrongLogSecretError) as error:
            log.error("the log cannot be sealed", what=str(error))
        except DATABASE_FAULTS as error:
            log.warning("the log is not sealed now, will try again", error=type(error).__name__)
        await asyncio.sleep(min(LOOK_SECONDS, settings.seal_every_seconds))


def by_service(store: EventStore) -> Cause:
    """Return the cause of what a service does by itself."""
    return Cause(Actor(id=f"system:{store.source}", role="system"), None, new_id())
