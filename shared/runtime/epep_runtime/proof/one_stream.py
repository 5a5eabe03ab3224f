"""Proof of one stream, without going through the whole log. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from epep_runtime.chain import Row
from epep_runtime.proof.checking import NONE, Notary, Report, difference, fault_in_chain, named
from epep_runtime.proof.tree import Head


@dataclass(frozen=True, slots=True)
class Signed:
    """What is kept of the tree under the newest root: its root, and the stream's own head in it."""

    root: str
    head: Head | None


def chain_faults(rows: Iterable[Row]) -> list[str]:
    """Return the first fault of a whole stream's chain, given in the order of versions."""
    before = NONE
    for row in rows:
        fault = fault_in_chain(row, before)
        if fault:
            return [f"{fault} ({named(row)})"]
        before = Head(row["stream_version"], row["hash"])
    return []


def check_stream(
    stream_id: str, rows: Sequence[Row], operations: Sequence[Row], notary: Notary, signed: Signed
) -> Report:
    """Check a stream's chain, and that its head is under the newest signed root.

    `operations` is the stream that the roots and keys stand in; it is checked, too.
    """
    report = Report(notary.service, len(rows), 1 if rows else 0)
    report.faults += chain_faults(operations) + chain_faults(rows)
    newest = max(notary.seals, key=lambda seal: seal.up_to_publication, default=None)
    if newest is None:
        return report
    fault = notary.fault_of(newest)
    if fault is None and signed.root != newest.root:
        fault = "the list of streams that is kept is not the one under it"
    if fault:
        report.faults.append(f"The newest root does not count: {fault}.")
        return report
    found = _head_then(rows, newest.up_to_publication)
    if signed.head is not None and found != signed.head and not report.faults:
        report.faults.append(difference(stream_id, signed.head, found))
    elif signed.head is None and found is not None:
        report.faults.append(f"{stream_id} was put in: no such stream was signed.")
    report.last_seal, report.seals = newest, 1
    return report


def _head_then(rows: Sequence[Row], until: int) -> Head | None:
    """Return the stream's head among the events with publication numbers up to `until`."""
    head = None
    for row in rows:
        if row["publication"] is not None and row["publication"] <= until:
            head = Head(row["stream_version"], row["hash"])
    return head


def lines(stream_id: str, report: Report) -> list[str]:
    """Return the report in sentences."""
    if report.faults:
        return report.faults
    events = f"{report.events:,} events of {stream_id}: the chain holds"
    if report.last_seal is None:
        return [f"{events}, but no root is signed yet."]
    seal = report.last_seal
    return [
        f"{events}, and the newest signed root is over it.",
        f"That root is over {seal.up_to_publication:,} events, under key {seal.kid}.",
    ]
