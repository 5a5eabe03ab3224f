"""People's keys go along with an export for one auditor alone."""

import secrets
from pathlib import Path

import pytest
from counting import COUNTER, COUNTING, COUNTING_SQL, cause
from sealed_store import SECRET, said, some_store

from epep_local.testing import DatabaseFactory
from epep_runtime.event_store import EventStore
from epep_runtime.migrations import RUNTIME_SQL, find, migrate
from epep_runtime.postgres import Pool, open_pool
from epep_runtime.postgres_keyring import PostgresKeyring, keyring_migrations
from epep_runtime.proof.auditor_keys import KEYS, make_key_pair, opened_keys, read_key
from epep_runtime.proof.exporting import KeysFor, export_log
from epep_runtime.proof.folder import Export, FolderError, check_export
from epep_runtime.proof.replaying import feed, load_store

pytestmark = pytest.mark.servers


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
