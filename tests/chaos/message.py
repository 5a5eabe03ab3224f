"""One message of a topic, as far as the checks look at it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Message:
    """One message of a topic: where it lies, and which event of which stream it says."""

    partition: int
    offset: int
    publication: int
    event_id: str
    stream_id: str
    stream_version: int
