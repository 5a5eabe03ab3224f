"""The clients' own book of every change that a service acknowledged: what must be in the log."""

from __future__ import annotations

import re
import threading
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

PAGE = re.compile(r"/peps/[^/]+/pages/[^/]+")


@dataclass(frozen=True)
class Change:
    """One change as its client saw it: asked for until it was answered.

    `trace` is in the log beside every event that the change brought about, however often it was
    asked for. `version` is the answer's ETag. `tries` counts how often it was sent.
    """

    trace: str
    account_id: str
    service: str
    method: str
    path: str
    sent: Any
    status: int
    version: int | None
    body: Mapping[str, Any]
    tries: int
    seconds: float

    @property
    def acknowledged(self) -> bool:
        """Whether the service said that it was done."""
        return 200 <= self.status < 300

    @property
    def name(self) -> str:
        """A line that names it."""
        return f"{self.method} {self.service}{self.path} → {self.status} (trace {self.trace})"


@dataclass
class Ledger:
    """Every change answered so far, from all clients; each list is appended to under one lock."""

    changes: list[Change] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    refusals: Counter[str] = field(default_factory=Counter)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, change: Change) -> None:
        """Write down a change that was answered."""
        with self._lock:
            self.changes.append(change)

    def add_fault(self, what: str) -> None:
        """Count an answer, or the lack of one, that made a client ask again."""
        with self._lock:
            self.refusals[what] += 1

    def add_wrong(self, what: str) -> None:
        """Write down what must never happen."""
        with self._lock:
            self.wrong.append(what)

    def acknowledged(self) -> list[Change]:
        """Every change that a service said was done."""
        with self._lock:
            return [each for each in self.changes if each.acknowledged]


def last_saves(ledger: Ledger) -> dict[str, Change]:
    """Return the acknowledged save of each page that made the newest version."""
    newest: dict[str, Change] = {}
    for change in ledger.acknowledged():
        if change.method != "PUT" or not PAGE.fullmatch(change.path):
            continue
        before = newest.get(change.path)
        if before is None or (change.version or 0) > (before.version or 0):
            newest[change.path] = change
    return newest
