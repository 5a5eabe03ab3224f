"""The port to the keyring: one key for each person whom events tell of.

Nobody else holds these keys, and no backup of events has them. Destroying one makes every value
sealed under it unreadable, wherever a copy of it is.
"""

import re
import time
from collections import OrderedDict
from collections.abc import Callable, Collection, Iterable
from typing import Protocol, TypeAlias
from uuid import UUID

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from epep_events.sealed_fields import Document, Keys, Subject, open_sealed, sealed_slots

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
    """The keys last used, for a short time. A destroyed one never comes back."""

    def __init__(
        self, size: int, seconds: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._size, self._seconds, self._clock = size, seconds, clock
        self._kept: OrderedDict[Subject, tuple[float, AESGCM | None]] = OrderedDict()

    def __len__(self) -> int:
        """Return how many subjects are kept."""
        return len(self._kept)

    def find(self, subjects: Iterable[Subject]) -> tuple[KeysFound, list[Subject]]:
        """Return what is here and fresh, and the subjects that are not."""
        now = self._clock()
        found: KeysFound = {}
        missing: list[Subject] = []
        for subject in subjects:
            kept = self._kept.get(subject)
            if kept is None or kept[0] < now:
                missing.append(subject)
            else:
                self._kept.move_to_end(subject)
                found[subject] = kept[1]
        return found, missing

    def keep(self, keys: Keys) -> None:
        """Keep these, and drop the ones that were used longest ago.

        What was destroyed while a key was on its way here stays destroyed.
        """
        until = self._clock() + self._seconds
        for subject, key in keys.items():
            known = self._kept.get(subject)
            destroyed = known is not None and known[1] is None
            self._kept[subject] = (until, None if destroyed else key)
            self._kept.move_to_end(subject)
        while len(self._kept) > self._size:
            self._kept.popitem(last=False)

    def forget(self, subject: Subject) -> None:
        """Keep only that the key is destroyed."""
        self._kept[subject] = (self._clock() + self._seconds, None)

    def clear(self) -> None:
        """Drop everything."""
        self._kept.clear()
