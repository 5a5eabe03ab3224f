"""What an auditor asks of an exported folder, with nothing but the folder: is it whole?"""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from epep_runtime.operations import STREAM
from epep_runtime.proof.checking import Report, first_lines
from epep_runtime.proof.folder import Export, FolderError, check_export, services_in
from epep_runtime.proof.one_stream import Signed, check_stream, lines
from epep_runtime.proof.seals import Seal

PROVEN, FAILED, BROKEN, UNSIGNED = 0, 1, 3, 4
"""Exit statuses of a check: all holds; it cannot be checked; it was changed; nothing is signed."""

Say = Callable[[str], None]


def tell(report: Report, sentences: Iterable[str], say: Say) -> int:
    """Say the sentences of a report and return the exit status."""
    for sentence in sentences:
        say(sentence)
    if report.faults:
        say(f"{report.service} is NOT as it was said and signed.")
        return BROKEN
    return PROVEN if report.last_seal else UNSIGNED


def known_seals(folder: Path | None, service: str) -> list[Seal]:
    """Return the newest root of an export that was kept from earlier. Raises FolderError."""
    return [Export(folder, service).manifest().newest_seal()] if folder else []


def verify_folder(
    folder: Path,
    services: Sequence[str],
    stream_id: str | None,
    trusted: Sequence[str],
    known: Path | None,
    say: Say,
) -> int:
    """Check the services' exports, or one stream of one service; return the exit status.

    All of them, without `services`. Raises FolderError for a folder that cannot be read.
    """
    worst = PROVEN
    for service in services or services_in(folder):
        export = Export(folder, service)
        if stream_id:
            report = _one_stream(export, stream_id, trusted)
            status = tell(report, lines(stream_id, report), say)
        else:
            report, _ = check_export(export, trusted, known_seals(known, service))
            status = tell(report, first_lines(report), say)
        worst = max(worst, status, key=(PROVEN, UNSIGNED, BROKEN).index)
    return worst


def _one_stream(export: Export, stream_id: str, trusted: Sequence[str]) -> Report:
    notary, heads = export.notary(trusted), export.signed_heads()
    both = [row for row in export.rows() if row["stream_id"] in (stream_id, STREAM)]
    rows = [row for row in both if row["stream_id"] == stream_id]
    if not rows and heads.get(stream_id) is None:
        raise FolderError(f"There is no stream {stream_id} in the export of {export.service}.")
    operations = [row for row in both if row["stream_id"] == STREAM]
    signed = Signed(heads.root().hex(), heads.get(stream_id))
    return check_stream(stream_id, rows, operations, notary, signed)
