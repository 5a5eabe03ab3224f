"""Choices that look like chance and are always the same: each follows from its own key."""

import hashlib
from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


def number(low: int, high: int, *key: object) -> int:
    """Return a whole number from `low` to `high`, both included, that follows from `key`."""
    text = "\x1f".join(str(part) for part in key)
    digest = hashlib.blake2b(text.encode(), digest_size=8).digest()
    return low + int.from_bytes(digest, "big") % (high - low + 1)


def pick(options: Sequence[T], *key: object) -> T:
    """Return one of `options`; the same key always gives the same one."""
    return options[number(0, len(options) - 1, *key)]


def some(options: Sequence[T], count: int, *key: object) -> list[T]:
    """Return `count` different options (all of them if there are fewer), in their own order."""
    ranked = sorted(range(len(options)), key=lambda i: number(0, 2**32, *key, i))
    return [options[i] for i in sorted(ranked[:count])]


def weighted(weights: dict[str, int], *key: object) -> str:
    """Return one of the names, more often the higher its weight."""
    place = number(1, sum(weights.values()), *key)
    for name, weight in weights.items():
        place -= weight
        if place <= 0:
            return name
    raise ValueError("weights must be whole numbers above 0")
