"""The port to the keyring: one key for each person whom events tell of.

Nobody else holds these keys, and no backup of events has them. Destroying one makes every value
sealed under it unreadable, wherever a copy of it is.
"""

import math
import re
import time
from collections.abc import Callable, Collection, Iterable
from typing import Protocol, TypeAlias
from uuid import UUID

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from epep_events.sealed_fields import Document, Keys, Subject, open_sealed, sealed_slots
from epep_runtime.recent import Recent

KeysFound: TypeAlias = dict[Subject, AESGCM | None]
SUBJECT = re.compile(r'"subject":\s*"([0-9a-f-]{36})"')
SUBJECT_BYTES = re.compile(SUBJECT.pattern.encode())


class Keyring(Protocol):
    """Gives out the subjects' keys, and destroys them. Never says or logs a key."""

    async def keys_for(self, subjects: Collection[Subject], *, create: bool = False) -> Keys:
        """Return the keys of these subjects, None for one destroyed.

        With `create` it makes those that there never were; without, they are left out.
        """
        ...

    async def destroy(self, subject: Subject) -> bool:
        """Destroy a subject's key for ever; False when that had been done. Safe to repeat.

        A subject that never had a key can have none afterwards.
        """
        ...

    def forget(self, subject: Subject) -> None:
        """Drop from memory a key that is known to have been destroyed."""
        ...

    async def close(self) -> None:
        """Let go of connections and of all keys in memory."""
        ...


def subjects_in(texts: Iterable[str]) -> set[Subject]:
    """Return whose sealed values there are in stored documents, and perhaps some more ids."""
    return {found for text in texts for found in SUBJECT.findall(text)}


def subjects_in_message(value: bytes) -> set[Subject]:
    """Return whose sealed values there are in a message, and perhaps some more ids."""
    return {found.decode() for found in SUBJECT_BYTES.findall(value)}


def open_document(document: Document, event_id: UUID, keys: Keys) -> frozenset[Subject]:
    """Open a stored document in place, before it is upcast; return the subjects erased in it.

    Raises SealBrokenError, KeyMissingError.
    """
    return open_sealed(sealed_slots(document), event_id, keys)


class KeyCache:
    """The keys last fetched, for a short time. A destroyed one never comes back."""

    def __init__(
        self, size: int, seconds: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._keys = Recent[Subject, AESGCM | None](size, seconds, clock)
        self._destroyed = Recent[Subject, None](size, math.inf, clock)

    def __len__(self) -> int:
        """Return how many subjects are kept."""
        return len(self._keys)

    def find(self, subjects: Collection[Subject]) -> tuple[KeysFound, list[Subject]]:
        """Return what is here and fresh, and the subjects that are not."""
        found = self._keys.find(subjects)
        return found, [subject for subject in subjects if subject not in found]

    def keep(self, keys: Keys) -> None:
        """Keep these; what was destroyed while a key was on its way here stays destroyed."""
        self._destroyed.keep({subject: None for subject, key in keys.items() if key is None})
        self._keys.keep({**keys, **self._destroyed.find(keys)})

    def forget(self, subject: Subject) -> None:
        """Keep only that the key is destroyed."""
        self.keep({subject: None})

    def clear(self) -> None:
        """Drop everything."""
        self._keys.clear()
        self._destroyed.clear()
