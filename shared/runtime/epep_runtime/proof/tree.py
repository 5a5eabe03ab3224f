"""The Merkle tree over all streams of a log. Pure.

Hashes as in RFC 6962, section 2.1: SHA-256 of 0x00 and the leaf, of 0x01 and both children, so
that no leaf can pass for a node. There are always 65,536 leaves. A stream stands in the leaf that
the first two bytes of the SHA-256 of its id number; a leaf is the list of its streams, in order
of their ids' bytes, as compact JSON: `[["pep-…",3,"<hash of its third event, hex>"],…]`.

The fixed shape is what makes a root cheap: a new stream moves no other, so that a seal reads and
hashes only the leaves in which something has happened.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import orjson

DEPTH = 16
LEAVES = 1 << DEPTH


@dataclass(frozen=True, slots=True)
class Head:
    """The last event of a stream: its version and its hash, which covers all before it."""

    version: int
    hash: bytes


def slot_of(stream_id: str) -> int:
    """Return the number of the leaf in which a stream stands, 0 to 65,535."""
    return int.from_bytes(hashlib.sha256(stream_id.encode()).digest()[:2])


def leaf_of(heads: Mapping[str, Head]) -> bytes:
    """Return the hash of a leaf in which these streams stand."""
    listed = [
        [stream, heads[stream].version, heads[stream].hash.hex()]
        for stream in sorted(heads, key=str.encode)
    ]
    return hashlib.sha256(b"\x00" + orjson.dumps(listed)).digest()


def _node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


class Tree:
    """The tree by its leaves' hashes; a leaf that was never put is empty."""

    def __init__(self) -> None:
        self._levels = [[leaf_of({})] * LEAVES]
        for depth in reversed(range(DEPTH)):
            below = self._levels[-1][0]
            self._levels.append([_node(below, below)] * (1 << depth))
        self._changed: set[int] = set()

    def put(self, slot: int, leaf: bytes) -> None:
        """Set the hash of one leaf."""
        self._levels[0][slot] = leaf
        self._changed.add(slot)

    def root(self) -> bytes:
        """Return the root; it hashes only the paths of leaves put since it was last asked for."""
        changed = self._changed
        for below, level in zip(self._levels, self._levels[1:], strict=False):
            changed = {slot >> 1 for slot in changed}
            for slot in changed:
                level[slot] = _node(below[2 * slot], below[2 * slot + 1])
        self._changed = set()
        return self._levels[-1][0]


class StreamTree:
    """The tree by its streams' heads, for whoever has gone through a whole log."""

    def __init__(self) -> None:
        self._tree = Tree()
        self._slots: dict[int, dict[str, Head]] = {}
        self._changed: set[int] = set()
        self.streams = 0

    @classmethod
    def of(cls, heads: Iterable[tuple[str, Head]]) -> "StreamTree":
        """Return the tree of these streams."""
        tree = cls()
        for stream_id, head in heads:
            tree.put(stream_id, head)
        return tree

    def put(self, stream_id: str, head: Head) -> None:
        """Set the head of one stream."""
        slot = slot_of(stream_id)
        streams = self._slots.setdefault(slot, {})
        self.streams += stream_id not in streams
        streams[stream_id] = head
        self._changed.add(slot)

    def get(self, stream_id: str) -> Head | None:
        """Return the head of a stream, or None where there is no such stream."""
        return self._slots.get(slot_of(stream_id), {}).get(stream_id)

    def heads(self) -> Iterator[tuple[str, Head]]:
        """Return every stream with its head, in no order that means anything."""
        for streams in self._slots.values():
            yield from streams.items()

    def root(self) -> bytes:
        """Return the root over all streams as they are now."""
        for slot in self._changed:
            self._tree.put(slot, leaf_of(self._slots[slot]))
        self._changed = set()
        return self._tree.root()
