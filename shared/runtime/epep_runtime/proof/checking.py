"""Checking a whole log, event by event in the order of publication. Pure: rows in, report out."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import orjson

from epep_runtime.chain import Row, hash_of_event
from epep_runtime.operations import STREAM
from epep_runtime.proof.seals import Seal
from epep_runtime.proof.signing import is_signed, thumbprint
from epep_runtime.proof.tree import Head, StreamTree

NONE = Head(0, b"")
SHOWN = 20


@dataclass(slots=True)
class Notary:
    """What the log says about its own roots: the seals in order, and the public keys by `kid`.

    `trusted` are fingerprints that the auditor got another way; with any, no other key counts.
    """

    service: str
    trusted: frozenset[str] = frozenset()
    seals: list[Seal] = field(default_factory=list)
    keys: dict[str, dict[str, Any]] = field(default_factory=dict)

    def hear(self, row: Row) -> None:
        """Take note of a row, if it is a seal or a key."""
        if row["stream_id"] != STREAM or row["type"] not in ("LogSealed", "LogKeyPublished"):
            return
        said = orjson.loads(row["text"])
        if row["type"] == "LogSealed":
            self.seals.append(Seal(service=self.service, **said))
        else:
            self.keys[said["kid"]] = said["jwk"]

    def fault_of(self, seal: Seal) -> str | None:
        """Return what is wrong with a seal's key or signature, or None."""
        return self.fault(seal.kid, seal.message(), seal.signature)

    def fault(self, kid: str, message: bytes, signature: str) -> str | None:
        """Return what is wrong with a signature by this log's key, or None."""
        jwk = self.keys.get(kid)
        if jwk is None:
            return f"the log never published its key {kid}"
        if _fingerprint(jwk) != kid:
            return f"the key published as {kid} is another one"
        if self.trusted and kid not in self.trusted:
            return f"its key {kid} is not one that you trust"
        return None if is_signed(message, signature, jwk) else "its signature is forged"


def _fingerprint(jwk: dict[str, Any]) -> str | None:
    try:
        return thumbprint(jwk)
    except ValueError:
        return None


@dataclass(slots=True)
class Report:
    """What a check found: `faults` as sentences, in the order of publication.

    `sealed` is how many events the last good root covers, `last_seal` that root; `events` and
    `streams` are what there is.
    """

    service: str
    events: int = 0
    streams: int = 0
    faults: list[str] = field(default_factory=list)
    last_seal: Seal | None = None
    seals: int = 0

    @property
    def sealed(self) -> int:
        """Return how many events the last good root covers."""
        return self.last_seal.up_to_publication if self.last_seal else 0


class Checking:
    """Goes through a log once: the chain of every stream, and every root when it comes to it.

    >>> checking = Checking(notary)
    >>> for row in rows: checking.take(row)
    >>> report = checking.finish()

    A row has the event table's columns, `text` (its JSON), and `publication`, which is None for
    an event that has no number yet; those come last. `known` are roots of the same log that the
    auditor kept from earlier: they must hold, too, whatever the log says of them now.
    """

    def __init__(self, notary: Notary, known: Iterable[Seal] = ()) -> None:
        self._notary = notary
        self._waiting = sorted(
            [(seal.up_to_publication, order, seal) for order, seal in enumerate(notary.seals)]
            + [(seal.up_to_publication, -1, seal) for seal in known]
        )  # fmt: skip
        self._known = {seal for _, order, seal in self._waiting if order < 0}
        self.tree = StreamTree()
        self._before_last: dict[str, Head | None] = {}
        self._broken: set[str] = set()
        self._root_broken = False
        self._publication = 0
        self._good_until = 0
        self.report = Report(notary.service)

    def take(self, row: Row) -> None:
        """Check the next event."""
        publication = row["publication"]
        if publication is not None:
            if publication != self._publication + 1:
                self._gap(publication)
            self._publication = publication
        self._check_seals_before(publication)
        self.report.events += 1
        self._chain(row)

    def _gap(self, publication: int) -> None:
        first, last = self._publication + 1, publication - 1
        if last < first:
            self._fault(f"Publication {publication} is there twice, or out of order.")
        elif first == last:
            self._fault(f"The event with publication number {first} is missing.")
        else:
            self._fault(f"The events with publication numbers {first} to {last} are missing.")

    def _chain(self, row: Row) -> None:
        stream_id, version = row["stream_id"], row["stream_version"]
        before = self.tree.get(stream_id)
        if not self._waiting:
            self._before_last.setdefault(stream_id, before)
        fault = fault_in_chain(row, before or NONE)
        if fault and stream_id not in self._broken:
            self._broken.add(stream_id)
            self._fault(f"{fault} ({named(row)})")
        self.tree.put(stream_id, Head(version, row["hash"]))

    def _check_seals_before(self, publication: int | None) -> None:
        while self._waiting and (publication is None or self._waiting[0][0] < publication):
            self._check(self._waiting.pop(0)[2])

    def _check(self, seal: Seal) -> None:
        what = f"The root signed over publications 1 to {seal.up_to_publication}"
        fault = self._notary.fault_of(seal)
        if fault:
            self._fault(f"{what} does not count: {fault}.")
            return
        if self._root_broken:
            return
        if self.tree.root().hex() == seal.root and self.report.events == seal.events:
            self._good_until = seal.up_to_publication
            self.report.seals += 1
            self.report.last_seal = seal
            return
        self._root_broken = True
        kept = " (you kept it from earlier)" if seal in self._known else ""
        self._fault(
            f"{what}{kept} does not fit what is there: it was over {seal.events} events in"
            f" {seal.streams} streams, there are {self.report.events} in {self.tree.streams}."
            f" An event with a publication number from {self._good_until + 1} to"
            f" {seal.up_to_publication} was altered, removed or put in."
        )

    def finish(self) -> Report:
        """Check what is left to check and return the report."""
        self._check_seals_before(None)
        self.report.streams = self.tree.streams
        return self.report

    def explain(self, signed: StreamTree) -> None:
        """Name the streams that are not as the newest root has them.

        `signed` are the heads under that root, kept beside the log; they count only if they have
        the signed root themselves.
        """
        newest = max(self._notary.seals, key=lambda seal: seal.up_to_publication, default=None)
        if not self._root_broken or newest is None or self._notary.fault_of(newest):
            return
        if signed.root().hex() != newest.root:
            self._fault("The list of streams under the newest root is not the one that was signed.")
            return
        for stream_id, head in sorted(signed.heads(), key=lambda each: each[0]):
            then = self._head_at_newest(stream_id)
            if then != head and stream_id not in self._broken:
                self._fault(difference(stream_id, head, then))
        for stream_id, _ in self.tree.heads():
            if signed.get(stream_id) is None and self._head_at_newest(stream_id) is not None:
                self._fault(f"{stream_id} was put in: no such stream was signed.")

    def _head_at_newest(self, stream_id: str) -> Head | None:
        if stream_id in self._before_last:
            return self._before_last[stream_id]
        return self.tree.get(stream_id)

    def _fault(self, sentence: str) -> None:
        self.report.faults.append(sentence)


def named(row: Row) -> str:
    """Return what an event is called in a report: its data stay out of it."""
    return f"{row['type']}, event {row['event_id']}, said {row['occurred_at']:%Y-%m-%d %H:%M:%S}Z"


def fault_in_chain(row: Row, before: Head) -> str | None:
    """Return how an event does not follow the one before it in its stream, or None."""
    stream_id, version = row["stream_id"], row["stream_version"]
    if version > before.version + 1:
        missing = (
            f"Version {before.version + 1} of {stream_id} is missing"
            if version == before.version + 2
            else f"Versions {before.version + 1} to {version - 1} of {stream_id} are missing"
        )
        return f"{missing}: after version {before.version} comes version {version}"
    if version <= before.version:
        return f"Version {version} of {stream_id} is there twice, or out of order: one was put in"
    if row["previous_hash"] != before.hash:
        return (
            f"Version {version} of {stream_id} does not follow the one before it: that one was"
            " altered, removed or exchanged, or this one was put in"
        )
    if row["hash"] != hash_of_event(before.hash, row):
        return f"Version {version} of {stream_id} was altered: its hash is not that of its contents"
    return None


def difference(stream_id: str, signed: Head, found: Head | None) -> str:
    """Return how a stream is otherwise than it was signed."""
    if found is None:
        return f"{stream_id} is missing as a whole: it was signed at version {signed.version}."
    if found.version < signed.version:
        first, last = found.version + 1, signed.version
        which = f"version {last} is" if first == last else f"versions {first} to {last} are"
        return f"The end of {stream_id} is missing: {which} not there."
    if found.version > signed.version:
        return (
            f"{stream_id} has events that were put in: it was signed at version {signed.version}."
        )
    return (
        f"{stream_id} is not as it was signed: an event was altered or exchanged and the hashes"
        f" made again to fit, so that version {signed.version} is not the one that was signed."
    )


def first_lines(report: Report) -> list[str]:
    """Return the report in sentences, for a terminal."""
    if report.faults:
        shown = report.faults[:SHOWN]
        more = len(report.faults) - len(shown)
        return [*shown, *([f"… and {more} more faults."] if more else [])]
    events = f"{report.events:,} events in {report.streams:,} streams of {report.service}"
    if report.last_seal is None:
        return [f"{events}: the chain of every stream holds, but no root is signed yet."]
    seal, later = report.last_seal, report.events - report.sealed
    roots = "does the one signed root" if report.seals == 1 else f"do {report.seals:,} signed roots"
    return [
        f"{events}: the chain of every stream holds, and so {roots}.",
        f"The newest root is over {report.sealed:,} events, under key {seal.kid}.",
        f"{later:,} later events are chained, but no root is over them yet.",
    ]
