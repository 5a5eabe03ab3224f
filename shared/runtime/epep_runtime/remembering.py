"""Aggregates folded lately, so that a PEP that somebody works on is not read from its beginning.

What is remembered is only a beginning to read on from. The database says each time whether this
connection may see the event that it ended with (row security may hide it, a transaction may have
been rolled back, a restored database may not have it), and the keyring whether everybody whose
values are in it is still there.
"""

from dataclasses import dataclass
from typing import Any, TypeAlias

from epep_events.sealed_fields import Subject
from epep_runtime.recent import Recent

MOST = 500
"""Aggregates; a PEP is some tens of kilobytes."""
KEPT_SECONDS = 300.0


@dataclass(frozen=True, slots=True)
class Folded:
    """An aggregate's `Loaded`, and whose personal values are in its events."""

    loaded: Any
    subjects: frozenset[Subject]


RecentlyFolded: TypeAlias = Recent[tuple[str, str], Folded]
"""By an aggregate's kind and its stream."""


def nothing_folded_yet() -> RecentlyFolded:
    """Return room for the aggregates used last, each for five minutes after its last use."""
    return Recent(MOST, KEPT_SECONDS)
