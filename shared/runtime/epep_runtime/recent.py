"""What was kept lately: not for long, and not more of it than there is room for."""

import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from typing import Generic, TypeVar

Name = TypeVar("Name")
Value = TypeVar("Value")


class Recent(Generic[Name, Value]):
    """At most so many values, each for so many seconds after it was kept.

    The one kept longest ago makes room. All are kept for the same time, so that one is also the
    first to be too old: what nobody asks for any more goes, too. For one event loop alone.
    """

    def __init__(
        self, most: int, seconds: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._most, self._seconds, self._clock = most, seconds, clock
        self._kept: OrderedDict[Name, tuple[float, Value]] = OrderedDict()

    def __len__(self) -> int:
        """Return how many values are kept."""
        return len(self._kept)

    def find(self, names: Iterable[Name]) -> dict[Name, Value]:
        """Return those of these that are here and not too old."""
        self._drop_old()
        kept = self._kept
        return {name: kept[name][1] for name in names if name in kept}

    def keep(self, values: Mapping[Name, Value]) -> None:
        """Keep these in place of what was known under their names."""
        until = self._clock() + self._seconds
        for name, value in values.items():
            self._kept[name] = (until, value)
            self._kept.move_to_end(name)
        while len(self._kept) > self._most:
            self._kept.popitem(last=False)

    def forget(self, name: Name) -> None:
        """Drop one."""
        self._kept.pop(name, None)

    def clear(self) -> None:
        """Drop everything."""
        self._kept.clear()

    def _drop_old(self) -> None:
        now = self._clock()
        while self._kept:
            first = next(iter(self._kept))
            if self._kept[first][0] >= now:
                return
            del self._kept[first]
