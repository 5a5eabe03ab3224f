"""A real event table: sealed as it grows, checked where it lies, exported, replayed."""

import gzip
import secrets
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson
import pytest
from counting import CATALOG, COUNTER, COUNTING, COUNTING_SQL, cause, submitted, summing

from epep_events.operations import LogExported, LogKeyPublished, LogSealed, ParkedEventSkipped
from epep_local.testing import DatabaseFactory
from epep_runtime.event_store import EventStore
from epep_runtime.ids import new_id
from epep_runtime.migrations import RUNTIME_SQL, find, migrate
from epep_runtime.operations import hold_operations, say
from epep_runtime.postgres import Pool, open_pool
from epep_runtime.postgres_keyring import PostgresKeyring, keyring_migrations
from epep_runtime.proof import seals
from epep_runtime.proof.auditor_keys import KEYS, make_key_pair, opened_keys, read_key
from epep_runtime.proof.exporting import KeysFor, export_log, number_everything, seal_everything
from epep_runtime.proof.folder import EVENTS, MANIFEST, Export, FolderError, check_export
from epep_runtime.proof.on_files import BROKEN, PROVEN, verify_folder
from epep_runtime.proof.replaying import digests, feed, load_store
from epep_runtime.proof.seals import SealRefusedError, seal_log
from epep_runtime.proof.signing import WrongLogSecretError
from epep_runtime.proof.stored import check_store, check_stored_stream

pytestmark = pytest.mark.servers
SECRET = secrets.token_bytes(32)


async def grow(pool: Pool, store: EventStore, key: UUID, version: int, events: int) -> int:
    async with pool.acquire() as connection, connection.transaction():
        said = [submitted(key, f"Zoë’s {version + n} ½") for n in range(events)]
        stream = COUNTER.stream(key)
        return await store.append(connection, stream, version, said, cause(), about=key)


async def some_store(pool: Pool, store: EventStore) -> list[UUID]:
    """Three streams under two roots, and an event that no root is over."""
    keys = [new_id() for _ in range(3)]
    for key in keys:
        await grow(pool, store, key, 0, 4)
    await seal_everything(pool, store, SECRET, cause())
    await grow(pool, store, keys[0], 4, 2)
    await seal_everything(pool, store, SECRET, cause())
    await grow(pool, store, keys[1], 4, 1)
    return keys


async def tamper(pool: Pool, *statements: str) -> None:
    """Do what only a superuser of the database could."""
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute("ALTER TABLE events DISABLE TRIGGER USER")
        for statement in statements:
            await connection.execute(statement)
        await connection.execute("ALTER TABLE events ENABLE TRIGGER USER")


async def said(pool: Pool, kind: str) -> list[dict[str, Any]]:
    rows = await pool.fetch("SELECT data::text FROM events WHERE type = $1 ORDER BY position", kind)
    return [orjson.loads(row[0]) for row in rows]


async def test_a_store_is_sealed_as_it_grows_and_proven(pool: Pool, store: EventStore) -> None:
    keys = await some_store(pool, store)
    report = await check_store(pool, "pep")
    assert report.faults == []
    assert (report.events, report.streams, report.seals) == (18, 4, 2)
    [key] = await said(pool, "LogKeyPublished")
    roots = await said(pool, "LogSealed")
    assert [each["events"] for each in roots] == [12, 16]
    assert {each["kid"] for each in roots} == {key["kid"]}
    stream = await check_stored_stream(pool, "pep", COUNTER.stream(keys[0]), [key["kid"]])
    assert (stream.faults, stream.events, stream.seals) == ([], 6, 1)
    assert await check_store(pool, "pep", ["another"]) != report
    assert await seal_everything(pool, store, SECRET, cause()) is not None
    assert "d" not in key["jwk"]
    kept = await pool.fetchval("SELECT sealed_jwk FROM log_keys")
    assert key["jwk"]["x"].encode() not in kept


async def test_seals_in_small_steps_make_the_same_root_as_one_over_everything(
    pool: Pool, store: EventStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = new_id()
    await grow(pool, store, key, 0, 5)
    monkeypatch.setattr(seals, "MOST_EVENTS", 2)
    await seal_everything(pool, store, SECRET, cause())
    assert [each["up_to_publication"] for each in await said(pool, "LogSealed")] == [2, 4, 5]
    assert (await check_store(pool, "pep")).faults == []


async def test_a_new_key_signs_from_then_on_and_the_old_one_still_counts(
    pool: Pool, store: EventStore
) -> None:
    await some_store(pool, store)
    await seal_everything(pool, store, SECRET, cause(), new_key=True)
    old, new = [each["kid"] for each in await said(pool, "LogKeyPublished")]
    assert [each["kid"] for each in await said(pool, "LogSealed")] == [old, old, new]
    assert (await check_store(pool, "pep", [old, new])).faults == []
    assert (await check_store(pool, "pep", [new])).faults != []
    with pytest.raises(WrongLogSecretError):
        await seal_everything(pool, store, secrets.token_bytes(32), cause())


@pytest.mark.parametrize(
    ("statements", "named"),
    [
        (
            [
                "UPDATE events SET data = replace(data::text, 'section', 'station')::json"
                " WHERE position = 3"
            ],
            "Version 3 of {0} was altered",
        ),
        (
            [
                "DELETE FROM publications WHERE position = 3",
                "DELETE FROM events WHERE position = 3",
            ],
            "Version 3 of {0} is missing: after version 2 comes version 4",
        ),
        (
            [
                "DELETE FROM publications USING events e WHERE publications.position = e.position"
                " AND stream_id = '{0}' AND stream_version > 4",
                "DELETE FROM events WHERE stream_id = '{0}' AND stream_version > 4",
            ],
            "The end of {0} is missing: versions 5 to 6 are not there.",
        ),
        (
            [
                "DELETE FROM publications USING events e WHERE publications.position = e.position"
                " AND stream_id = '{0}'",
                "DELETE FROM events WHERE stream_id = '{0}'",
            ],
            "{0} is missing as a whole: it was signed at version 6.",
        ),
    ],
    ids=["altered", "middle", "tail", "stream"],
)
async def test_whoever_tampers_with_the_table_is_found_out(
    pool: Pool, store: EventStore, statements: list[str], named: str
) -> None:
    keys = await some_store(pool, store)
    stream = COUNTER.stream(keys[0])
    await tamper(pool, *(each.format(stream) for each in statements))
    faults = (await check_store(pool, "pep")).faults
    assert any(each.startswith(named.format(stream)) for each in faults), faults
    assert (await check_stored_stream(pool, "pep", stream)).faults
    others = await check_stored_stream(pool, "pep", COUNTER.stream(keys[2]))
    assert others.faults == []


async def test_a_log_that_was_changed_is_not_signed(pool: Pool, store: EventStore) -> None:
    keys = await some_store(pool, store)
    stream = COUNTER.stream(keys[0])
    await tamper(
        pool, f"UPDATE sealed_heads SET hash = sha256('other') WHERE stream_id = '{stream}'"
    )
    await grow(pool, store, keys[0], 6, 1)
    await number_everything(pool)
    with pytest.raises(SealRefusedError, match=f"Version 7 of {stream}"):
        await seal_log(pool, store, SECRET, cause())


async def exported(pool: Pool, store: EventStore, folder: Path) -> Export:
    await export_log(pool, store, SECRET, folder, "yearly audit", cause())
    return Export(folder, "pep")


async def test_an_export_proves_itself_with_nothing_but_its_files(
    pool: Pool, store: EventStore, tmp_path: Path
) -> None:
    keys = await some_store(pool, store)
    export = await exported(pool, store, tmp_path / "a")
    report, _ = check_export(export)
    assert report.faults == []
    assert report.events == export.manifest().events == 20
    assert export.manifest().types[LogExported.type_name()] == 1
    [first] = await said(pool, "LogExported")
    assert first == {"up_to_publication": 18, "keys_for": None, "why": "yearly audit"}
    told: list[str] = []
    assert verify_folder(tmp_path / "a", [], None, [], None, told.append) == PROVEN
    assert "so do 3 signed roots" in told[0]
    assert verify_folder(
        tmp_path / "a", ["pep"], COUNTER.stream(keys[1]), [], None, told.append
    ) == PROVEN  # fmt: skip
    with pytest.raises(FolderError, match="is there already"):
        await exported(pool, store, tmp_path / "a")
    await grow(pool, store, keys[2], 4, 1)
    await exported(pool, store, tmp_path / "b")
    assert verify_folder(tmp_path / "b", [], None, [], tmp_path / "a", told.append) == PROVEN
    assert (await check_store(pool, "pep", (), [export.manifest().newest_seal()])).faults == []


@pytest.mark.parametrize(
    ("tampered", "fault"),
    [
        (lambda lines: [lines[0].replace(b"sealed", b"Sealed"), *lines[1:]], "was altered"),
        (lambda lines: [*lines[:1], *lines[2:]], "is missing"),
        (lambda lines: lines[:-1], "counts 20 events"),
        (lambda lines: lines, "is not the file that the manifest was made of"),
    ],
    ids=["altered", "missing", "cut", "packed again"],
)
async def test_an_export_that_was_tampered_with_is_found_out(
    pool: Pool, store: EventStore, tmp_path: Path, tampered: Any, fault: str
) -> None:
    await some_store(pool, store)
    export = await exported(pool, store, tmp_path)
    lines = gzip.decompress((export.path / EVENTS).read_bytes()).splitlines(keepends=True)
    with gzip.open(export.path / EVENTS, "wb", 1) as file:
        file.writelines(tampered(lines))
    report, _ = check_export(export)
    assert any(fault in each for each in report.faults), report.faults
    told: list[str] = []
    assert verify_folder(tmp_path, [], None, [], None, told.append) == BROKEN
    assert told[-1] == "pep is NOT as it was said and signed."


async def test_a_manifest_that_was_changed_does_not_count(
    pool: Pool, store: EventStore, tmp_path: Path
) -> None:
    await some_store(pool, store)
    export = await exported(pool, store, tmp_path)
    path = export.path / MANIFEST
    path.write_bytes(path.read_bytes().replace(b'"events": 20', b'"events": 21'))
    report, _ = check_export(export)
    assert report.faults == ["The manifest of pep does not count: its signature is forged."]


async def test_a_replay_makes_the_same_store_and_goes_on_from_there(
    pool: Pool, store: EventStore, tmp_path: Path, database: DatabaseFactory
) -> None:
    keys = await some_store(pool, store)
    export = await exported(pool, store, tmp_path / "export")
    url = await database("replay")
    (tmp_path / "0001_counted.sql").write_text(COUNTING_SQL)
    await migrate(url, find("runtime", RUNTIME_SQL) + find("test", tmp_path))
    other = await open_pool(url, 4)
    try:
        assert await load_store(other, export) == 20
        projector = summing()
        folder = tmp_path / "export"
        assert await feed(other, store.keyring, [projector], folder, lambda *_: None) == 20
        found = [str(each) async for each in digests(other, [projector])]
        assert [line.split()[1:] for line in found] == [
            ["3", "summing", "sums"],
            ["15", "summing", "lines"],
        ]
        rows = "SELECT (e.*)::text FROM (SELECT position, stream_id, hash, traceparent, data::text"
        rows += " FROM events ORDER BY position) e"
        assert await other.fetch(rows) == await pool.fetch(rows)
        await grow(other, store, keys[2], 4, 1)
        assert await number_everything(other) == 21
        assert (await check_store(other, "pep")).faults == []
        with pytest.raises(FolderError, match="has events already"):
            await load_store(other, export)
    finally:
        await other.close()


async def test_a_replay_leaves_out_what_an_operator_skipped(
    pool: Pool, store: EventStore, tmp_path: Path, database: DatabaseFactory
) -> None:
    async with pool.acquire() as connection, connection.transaction():
        await hold_operations(connection, store)
        fact = ParkedEventSkipped(
            subscription="summing",
            topic="production.pep",
            stream="counter-x",
            publication=2,
            event_type="TargetSubmitted",
            why="said twice",
        )
        await say(connection, store, fact, cause())
    await grow(pool, store, new_id(), 0, 3)
    export = await exported(pool, store, tmp_path / "export")
    url = await database("replay")
    (tmp_path / "0001_counted.sql").write_text(COUNTING_SQL)
    await migrate(url, find("runtime", RUNTIME_SQL) + find("test", tmp_path))
    other = await open_pool(url, 4)
    try:
        await load_store(other, export)
        await feed(other, store.keyring, [summing()], tmp_path / "export", lambda *_: None)
        rows = await other.fetch("SELECT version FROM lines ORDER BY version")
        assert [row["version"] for row in rows] == [2, 3]
    finally:
        await other.close()


async def test_a_replay_refuses_what_was_changed(
    pool: Pool, store: EventStore, tmp_path: Path, database: DatabaseFactory
) -> None:
    await some_store(pool, store)
    export = await exported(pool, store, tmp_path)
    lines = gzip.decompress((export.path / EVENTS).read_bytes()).splitlines(keepends=True)
    with gzip.open(export.path / EVENTS, "wb", 1) as file:
        file.writelines([lines[0].replace(b"sealed", b"Sealed"), *lines[1:]])
    url = await database("replay")
    await migrate(url, find("runtime", RUNTIME_SQL))
    other = await open_pool(url, 2)
    try:
        with pytest.raises(FolderError, match="This export was changed: Version 1 of counter-"):
            await load_store(other, export)
        assert await other.fetchval("SELECT count(*) FROM events") == 0
    finally:
        await other.close()


async def test_people_s_keys_go_along_for_one_auditor_alone(
    pool: Pool,
    store: EventStore,
    keyring: PostgresKeyring,
    tmp_path: Path,
    database: DatabaseFactory,
) -> None:
    keys = await some_store(pool, store)
    await keyring.destroy(str(keys[2]))
    for name in ("auditor.key", "other.key"):
        make_key_pair(tmp_path / name)
    jwk = read_key(tmp_path / "auditor.key.pub", private=False)
    folder = tmp_path / "export"
    keys_for = KeysFor(jwk, keyring)
    made = await export_log(pool, store, SECRET, folder, "audit", cause(), keys_for)
    assert made.files[KEYS].rows == 3
    [said_so] = await said(pool, "LogExported")
    assert said_so["keys_for"] == jwk["kid"]
    assert check_export(Export(folder, "pep"))[0].faults == []
    with pytest.raises(FolderError, match="cannot be opened with this key"):
        opened_keys(folder / "pep" / KEYS, read_key(tmp_path / "other.key", private=True))
    opened = opened_keys(folder / "pep" / KEYS, read_key(tmp_path / "auditor.key", private=True))
    assert {subject: raw is None for subject, raw in opened.items()} == {
        str(keys[0]): False,
        str(keys[1]): False,
        str(keys[2]): True,
    }
    everything = b"".join(path.read_bytes() for path in (folder / "pep").iterdir())
    assert all(raw not in everything for raw in opened.values() if raw)

    auditors_url = await database("auditor")
    await migrate(auditors_url, keyring_migrations())
    auditors = PostgresKeyring(auditors_url, secrets.token_bytes(32))
    try:
        without = await replayed_statements(await database("replay"), auditors, folder, tmp_path)
        assert set(without.values()) == {"[sealed]"}
        await auditors.take(opened)
        with_keys = await replayed_statements(await database("replay"), auditors, folder, tmp_path)
    finally:
        await auditors.close()
    assert with_keys == {
        COUNTER.stream(keys[0]): "Zoë’s 0 ½",
        COUNTER.stream(keys[1]): "Zoë’s 0 ½",
        COUNTER.stream(keys[2]): "[erased]",
    }


async def replayed_statements(
    url: str, keyring: PostgresKeyring, folder: Path, tmp_path: Path
) -> dict[str, str]:
    """Replay into a new database; return the first statement of each stream."""
    (tmp_path / "0001_counted.sql").write_text(COUNTING_SQL)
    await migrate(url, find("runtime", RUNTIME_SQL) + find("test", tmp_path))
    other = await open_pool(url, 2)
    try:
        await load_store(other, Export(folder, "pep"))
        await feed(other, keyring, [COUNTING], folder, lambda *_: None)
        rows = await other.fetch("SELECT stream_id, statement FROM counted WHERE version = 1")
        return {row["stream_id"]: row["statement"] for row in rows}
    finally:
        await other.close()


@pytest.mark.parametrize("content", ["", "{}", '{"crv": "Ed25519"}'])
def test_what_is_no_auditor_s_key_is_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / "key").write_text(content)
    for private in (True, False):
        with pytest.raises(FolderError, match=r"is not the (private|public) half"):
            read_key(tmp_path / "key", private=private)
    with pytest.raises(FolderError, match="is there already"):
        make_key_pair(tmp_path / "key")
    make_key_pair(tmp_path / "mine")
    assert (tmp_path / "mine").stat().st_mode & 0o777 == 0o600
    with pytest.raises(FolderError, match="public half"):
        read_key(tmp_path / "mine", private=False)


def test_what_the_log_says_about_itself_is_known_to_every_catalog() -> None:
    assert {LogKeyPublished, LogSealed, LogExported} <= set(CATALOG.types())
