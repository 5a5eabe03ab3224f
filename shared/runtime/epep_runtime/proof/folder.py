"""An exported log as files: what an auditor gets.

    FOLDER/pep/events.jsonl.gz    every event in the order of publication, one JSON object a line
    FOLDER/pep/heads.jsonl.gz     every stream under the newest root: [id, version, hash]
    FOLDER/pep/manifest.json      counts, SHA-256 of both files, signed with the log's own key

In a line of events, `data` is the event's JSON as a string, so that its bytes stay as they were
hashed; hashes are hex. The rest are the columns of the event table by name.
"""

import gzip
import hashlib
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

import orjson
from pydantic import BaseModel, ConfigDict, ValidationError

from epep_runtime.chain import Row
from epep_runtime.proof.checking import Checking, Notary, Report
from epep_runtime.proof.seals import Seal
from epep_runtime.proof.signing import canonical
from epep_runtime.proof.tree import Head, StreamTree

EVENTS, HEADS, MANIFEST = "events.jsonl.gz", "heads.jsonl.gz", "manifest.json"
COLUMNS = (
    "stream_id", "stream_version", "event_id", "type", "schema_version", "occurred_at",
    "authority", "actor_id", "actor_role", "on_behalf_of", "correlation_id", "causation_id",
    "traceparent",
)  # fmt: skip
LEVEL = 6


class FolderError(Exception):
    """The folder cannot be used; its message says why and what to do."""


class FileEntry(BaseModel):
    """One file of an export."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    rows: int
    bytes: int
    sha256: str


class Manifest(BaseModel):
    """What an export of one service consists of. `types` counts events by type."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: Literal["epep-export/1"] = "epep-export/1"
    service: str
    made_at: datetime
    up_to_publication: int
    events: int
    streams: int
    types: dict[str, int]
    files: dict[str, FileEntry]
    seal: dict[str, Any]
    kid: str
    signature: str = ""

    def message(self) -> bytes:
        """Return the bytes that the signature is over."""
        return canonical("export/1", self.model_dump(mode="json", exclude={"signature"}))

    def newest_seal(self) -> Seal:
        """Return the newest signed root in the export. Raises FolderError."""
        try:
            return Seal(service=self.service, **self.seal)
        except TypeError as error:
            raise FolderError(f"The manifest of {self.service} names no root.") from error


class LinesFile:
    """Writes lines to a compressed file and counts them; the same lines make the same bytes."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._raw = path.open("wb")
        self._file = gzip.GzipFile("", "wb", LEVEL, self._raw, mtime=0)
        self.rows = 0

    def write(self, value: Any) -> None:
        """Add one line."""
        self._file.write(orjson.dumps(value, str, orjson.OPT_APPEND_NEWLINE))
        self.rows += 1

    def __enter__(self) -> "LinesFile":
        """Return itself, to be written to."""
        return self

    def __exit__(self, *_: object) -> None:
        """End the file."""
        self._file.close()
        self._raw.close()

    def entry(self) -> FileEntry:
        """Return what the manifest says of the file, once it has ended."""
        return entry_of(self._path, self.rows)


def entry_of(path: Path, rows: int) -> FileEntry:
    """Return a file's size and SHA-256."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return FileEntry(rows=rows, bytes=path.stat().st_size, sha256=digest)


def line_of(row: Row) -> dict[str, Any]:
    """Return a stored row as a line of events."""
    return {
        "publication": row["publication"],
        "position": row["position"],
        **{name: row[name] for name in COLUMNS},
        "data": row["text"],
        "previous_hash": row["previous_hash"].hex(),
        "hash": row["hash"].hex(),
    }


def row_of(line: dict[str, Any]) -> dict[str, Any]:
    """Return a line of events as a row, for the chain and for the event table."""
    return {
        **line,
        "occurred_at": datetime.fromisoformat(line["occurred_at"]),
        "text": line["data"],
        "previous_hash": bytes.fromhex(line["previous_hash"]),
        "hash": bytes.fromhex(line["hash"]),
    }


class Export:
    """One service's part of an exported folder."""

    def __init__(self, folder: Path, service: str) -> None:
        self.path = folder / service
        self.service = service

    def manifest(self) -> Manifest:
        """Read the manifest. Raises FolderError."""
        try:
            text = (self.path / MANIFEST).read_bytes()
        except OSError as error:
            raise FolderError(f"{self.path} has no readable {MANIFEST}.") from error
        try:
            found = Manifest.model_validate_json(text)
        except ValidationError as error:
            raise FolderError(f"{self.path / MANIFEST} is not a manifest of an export.") from error
        if found.service != self.service:
            raise FolderError(f"{self.path} is of {found.service}, not of {self.service}.")
        return found

    def rows(self) -> Iterator[dict[str, Any]]:
        """Return every event as a row, in the order of publication. Raises FolderError."""
        for number, line in enumerate(self._lines(EVENTS), 1):
            try:
                yield row_of(line)
            except (KeyError, ValueError, TypeError, AttributeError) as error:
                raise FolderError(f"Line {number} of {self.path / EVENTS} is no event.") from error

    def signed_heads(self) -> StreamTree:
        """Return the streams under the newest root. Raises FolderError."""
        try:
            return StreamTree.of(
                (stream_id, Head(version, bytes.fromhex(digest)))
                for stream_id, version, digest in self._lines(HEADS)
            )
        except (ValueError, TypeError) as error:
            raise FolderError(f"{self.path / HEADS} is not a list of streams.") from error

    def _lines(self, name: str) -> Iterator[Any]:
        path = self.path / name
        try:
            with gzip.open(path, "rb") as file:
                for number, line in enumerate(file, 1):
                    try:
                        yield orjson.loads(line)
                    except orjson.JSONDecodeError as error:
                        raise FolderError(f"Line {number} of {path} is not JSON.") from error
        except (OSError, EOFError) as error:
            raise FolderError(f"{path} cannot be read: {error}.") from error

    def check_files(self) -> list[str]:
        """Return, as sentences, which files are not those of the manifest."""
        faults = []
        for name, entry in self.manifest().files.items():
            path = self.path / name
            if not path.is_file():
                faults.append(f"{path} is missing.")
            elif entry_of(path, entry.rows) != entry:
                faults.append(f"{path} is not the file that the manifest was made of.")
        return faults

    def notary(self, trusted: Iterable[str] = ()) -> Notary:
        """Return what the log says about its roots and keys. Reads the whole log once."""
        notary = Notary(self.service, frozenset(trusted))
        for row in self.rows():
            notary.hear(row)
        return notary


def services_in(folder: Path) -> list[str]:
    """Return the services that a folder has exports of. Raises FolderError for none."""
    found = sorted(path.parent.name for path in folder.glob(f"*/{MANIFEST}"))
    if not found:
        raise FolderError(f"{folder} is not an export: no folder in it has a {MANIFEST}.")
    return found


def check_export(
    export: Export, trusted: Iterable[str] = (), known: Iterable[Seal] = ()
) -> tuple[Report, Checking]:
    """Check one service's export with nothing but its files. Raises FolderError."""
    manifest = export.manifest()
    notary = export.notary(trusted)
    checking = Checking(notary, known)
    for row in export.rows():
        checking.take(row)
    report = checking.finish()
    checking.explain(export.signed_heads())
    report.faults += export.check_files()
    fault = notary.fault(manifest.kid, manifest.message(), manifest.signature)
    if fault:
        report.faults.append(f"The manifest of {export.service} does not count: {fault}.")
    elif (manifest.events, manifest.streams) != (report.events, report.streams):
        report.faults.append(
            f"The manifest of {export.service} counts {manifest.events} events in"
            f" {manifest.streams} streams; there are {report.events} in {report.streams}."
        )
    return report, checking
