"""A log in memory, sealed like a service's, for whoever wants to tamper with it."""

import base64
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from joserfc.jwk import OKPKey

from epep_runtime.chain import hash_of_event
from epep_runtime.proof.checking import Checking, Notary, Report
from epep_runtime.proof.seals import Seal
from epep_runtime.proof.signing import LogSigner
from epep_runtime.proof.tree import Head, StreamTree

BEGUN = datetime(2026, 9, 1, 9, tzinfo=UTC)
Row = dict[str, Any]


def signer() -> tuple[LogSigner, dict[str, Any]]:
    """Return a new key and its public JWK."""
    private = Ed25519PrivateKey.generate()
    raw = private.public_key().public_bytes_raw()
    x = base64.urlsafe_b64encode(raw).decode().rstrip("=")
    jwk: dict[str, Any] = {"kty": "OKP", "crv": "Ed25519", "x": x}
    return LogSigner(OKPKey.import_key(jwk).thumbprint(), private), jwk


class MadeLog:
    """Events said one after another; `seal` signs what was said so far."""

    def __init__(self) -> None:
        self.rows: list[Row] = []
        self.tree = StreamTree()
        self.signer, self.jwk = signer()
        self.sealed: StreamTree | None = None
        self.say("operations", "LogKeyPublished", {"kid": self.signer.kid, "jwk": self.jwk})

    def say(self, stream: str, kind: str = "PageSaved", said: Any = "Zoë reads well") -> Row:
        """Append an event to a stream."""
        before = self.tree.get(stream) or Head(0, b"")
        number = len(self.rows) + 1
        row: Row = {
            "publication": number,
            "position": number,
            "stream_id": stream,
            "stream_version": before.version + 1,
            "event_id": str(UUID(int=number)),
            "type": kind,
            "schema_version": 1,
            "occurred_at": BEGUN + timedelta(minutes=number),
            "authority": "330",
            "actor_id": "a",
            "actor_role": "social_worker",
            "on_behalf_of": None,
            "correlation_id": str(UUID(int=7)),
            "causation_id": None,
            "traceparent": None,
            "text": orjson.dumps(said).decode(),
            "previous_hash": before.hash,
        }
        row["hash"] = hash_of_event(before.hash, row)
        self.rows.append(row)
        self.tree.put(stream, Head(row["stream_version"], row["hash"]))
        return row

    def seal(self) -> Seal:
        """Sign and say the root over everything so far."""
        events, tree = len(self.rows), self.tree
        seal = Seal("pep", tree.root().hex(), tree.streams, events, events, self.signer.kid)
        said: dict[str, Any] = {
            "root": seal.root,
            "streams": seal.streams,
            "events": events,
            "up_to_publication": events,
            "kid": seal.kid,
            "signature": self.signer.sign(seal.message()),
        }
        self.sealed = StreamTree.of(tree.heads())
        self.say("operations", "LogSealed", said)
        return Seal(service="pep", **said)


def some_log() -> MadeLog:
    """Return a log of three streams and two roots, with one event that no root is over yet."""
    log = MadeLog()
    for _ in range(3):
        for stream in ("pep-1", "pep-2", "child-1"):
            log.say(stream)
    log.seal()
    for stream in ("pep-1", "pep-1", "pep-2"):
        log.say(stream)
    log.seal()
    log.say("pep-2")
    return log


def numbered(rows: Sequence[Row]) -> list[Row]:
    """Return the rows with publication numbers without a gap, as a careful forger would."""
    return [{**row, "publication": number} for number, row in enumerate(rows, 1)]


def chained(rows: Sequence[Row]) -> list[Row]:
    """Return the rows with versions and hashes made again, so that every chain holds."""
    heads: dict[str, Head] = {}
    made = []
    for row in rows:
        before = heads.get(row["stream_id"], Head(0, b""))
        again = {**row, "stream_version": before.version + 1, "previous_hash": before.hash}
        again["hash"] = hash_of_event(before.hash, again)
        heads[row["stream_id"]] = Head(again["stream_version"], again["hash"])
        made.append(again)
    return made


def check(
    rows: Sequence[Row],
    sealed: StreamTree | None = None,
    trusted: Sequence[str] = (),
    known: Sequence[Seal] = (),
) -> Report:
    """Check these rows as a whole log of pep-service."""
    notary = Notary("pep", frozenset(trusted))
    for row in rows:
        notary.hear(row)
    checking = Checking(notary, known)
    for row in rows:
        checking.take(row)
    report = checking.finish()
    if sealed:
        checking.explain(sealed)
    return report
