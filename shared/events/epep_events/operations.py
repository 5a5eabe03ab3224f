"""What every context may say about its own machinery: what an operator did to it, and who.

They stand in the stream `operations` of the service's own log.
"""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from epep_events.base import Event


class ReadModelRebuilt(Event):
    """Said when a rebuilt read model takes the place of the live one, by the operator.

    `generation` counts the rebuilds of this read model; `events` is how many messages of its
    topics it has gone through.
    """

    read_model: str
    generation: int
    events: int


class ParkedStreamRetried(Event):
    """Said when an operator asks for another try of a stream that waits in a subscription.

    `stream` is the waiting stream's id, `error` the kind of error that parked it.
    """

    subscription: str
    topic: str
    stream: str
    error: str


class ParkedEventSkipped(Event):
    """Said when an operator takes the first waiting event of a stream out of a queue for good.

    `why` is the operator's reason, without personal data.
    """

    subscription: str
    topic: str
    stream: str
    publication: int
    event_type: str
    why: str


class LogKeyPublished(Event):
    """Said when the service has a new key that the roots of its log are signed with.

    `jwk` is the public Ed25519 key; `kid` is its thumbprint (RFC 7638), which an auditor who got
    it another way compares.
    """

    kid: str
    jwk: dict[str, Any]


class LogSealed(Event):
    """Said at intervals, when the service signs the Merkle root over all streams of its log.

    It is about the `events` whose publication number is at most `up_to_publication`, which stand
    in `streams`; later ones don't change it. `root` is SHA-256 in hex, `signature` Ed25519 in
    base64 under the published key `kid`.
    """

    root: str
    streams: int
    events: int
    up_to_publication: int
    kid: str
    signature: str


class LogExported(Event):
    """Said when an operator writes the service's whole log to files, for an auditor.

    `up_to_publication` is the highest publication number there was when it was asked for; this
    event and the root over all of it are in the files, too. `keys_for` is the thumbprint of the
    auditor's key that the subjects' keys were sealed to, or None where none went along. `why` is
    the reason, without personal data.
    """

    up_to_publication: int
    keys_for: str | None
    why: str


class HistoryRead(Event):
    """Said when an operator reads the history of a stream in words, at a terminal.

    `moments` are the moments whose states were asked for, oldest first; none for the history
    alone. `why` is the reason, without personal data.
    """

    stream: str
    moments: tuple[datetime, ...]
    why: str


class SubjectErased(Event):
    """Said when a person was erased: by pep-service of a child, by identity-service of an adult.

    The subject's key had been destroyed before, so that every personal value of theirs reads
    `[erased]`; read models drop theirs when they hear of it. `why` is the reason, without personal
    data. It stands in a stream of its own, `erasure-<subject>`.
    """

    subject: UUID
    kind: Literal["child", "adult"]
    why: str


EVENTS: tuple[type[Event], ...] = (
    ReadModelRebuilt,
    ParkedStreamRetried,
    ParkedEventSkipped,
    LogKeyPublished,
    LogSealed,
    LogExported,
    HistoryRead,
    SubjectErased,
)
