"""Aggregates folded lately, so that a PEP that somebody works on is not read from its beginning.

What is remembered is only a beginning to read on from. The database says each time whether this
connection may see the event that it ended with (row security may hide it, a transaction may have
been rolled back, a restored database may not have it), and the keyring whether everybody whose
values are in it is still there.
"""

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from epep_events.sealed_fields import Subject

MOST = 500
"""Aggregates; a PEP is some tens of kilobytes."""
KEPT_SECONDS = 300.0


@dataclass(frozen=True, slots=True)
class Folded:
    """An aggregate's `Loaded`, and whose personal values are in its events."""

    loaded: Any
    subjects: frozenset[Subject]


class Recent:
    """The aggregates used last, by kind and stream, each for five minutes after its last use."""

    def __init__(
        self,
        most: int = MOST,
        seconds: float = KEPT_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._most, self._seconds, self._clock = most, seconds, clock
        self._kept: OrderedDict[tuple[str, str], tuple[float, Folded]] = OrderedDict()

    def __len__(self) -> int:
        """Return how many aggregates are remembered."""
        return len(self._kept)

    def find(self, name: str, stream_id: str) -> Folded | None:
        """Return what is remembered of a stream, None where nothing is or it is too old."""
        self._forget_old()
        kept = self._kept.get((name, stream_id))
        return kept[1] if kept else None

    def keep(self, name: str, stream_id: str, folded: Folded) -> None:
        """Remember this in place of what was known of the stream."""
        self._kept[name, stream_id] = (self._clock() + self._seconds, folded)
        self._kept.move_to_end((name, stream_id))
        while len(self._kept) > self._most:
            self._kept.popitem(last=False)

    def forget(self, name: str, stream_id: str) -> None:
        """Drop what is remembered of a stream."""
        self._kept.pop((name, stream_id), None)

    def _forget_old(self) -> None:
        # The oldest use comes first, and each was kept for the same time.
        now = self._clock()
        while self._kept:
            first = next(iter(self._kept))
            if self._kept[first][0] >= now:
                return
            del self._kept[first]
