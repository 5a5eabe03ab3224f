"""Acknowledging the events of a partition in their order, whatever order they are done in.

faust commits the end of the first run of acknowledged events, and where nothing was committed
before it takes any run for the first: an event that is done sooner than the one before it would be
committed over that one's head, and the other lost with its worker.
"""

from collections import defaultdict, deque
from typing import Any


class InOrder:
    """Per partition the events that were taken and are not acknowledged, oldest first."""

    def __init__(self) -> None:
        self._waiting: dict[Any, deque[Any]] = defaultdict(deque)
        self._taken: set[int] = set()  # ids of the events in `_waiting`, which keeps them alive
        self._done: set[int] = set()
        self.places: dict[Any, int] = {}

    def take(self, event: Any) -> None:
        """Note an event before anything is done with it."""
        where = event.message.tp
        self._waiting[where].append(event)
        self._taken.add(id(event))
        self.places.setdefault(where, event.message.offset)

    def finish(self, event: Any) -> None:
        """Note that an event is done, and acknowledge all that are done with none before them.

        One that was taken before `forget` is nobody's any more.
        """
        if id(event) not in self._taken:
            return
        where = event.message.tp
        self._done.add(id(event))
        waiting = self._waiting[where]
        while waiting and id(waiting[0]) in self._done:
            first = waiting.popleft()
            self._done.remove(id(first))
            self._taken.remove(id(first))
            first.ack()
            self.places[where] = first.message.offset + 1

    def forget(self) -> None:
        """Drop what is waiting: the partitions are handed out anew and read from their places."""
        self._waiting.clear()
        self._taken.clear()
        self._done.clear()
        self.places.clear()
