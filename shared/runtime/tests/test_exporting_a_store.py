"""A whole log as files, which prove themselves."""

import gzip
from pathlib import Path
from typing import Any

import pytest
from counting import COUNTER
from sealed_store import exported, grow, said, some_store

from epep_events.operations import LogExported
from epep_runtime.event_store import EventStore
from epep_runtime.postgres import Pool
from epep_runtime.proof.folder import EVENTS, MANIFEST, FolderError, check_export
from epep_runtime.proof.on_files import BROKEN, PROVEN, verify_folder
from epep_runtime.proof.stored import check_store

pytestmark = pytest.mark.servers


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
