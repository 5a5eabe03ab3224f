"""The partitions that a worker of a subscription holds: how far each has come, and how far behind.

Most events do not concern a subscription. They are passed over in memory; the stored place follows
with the next event that does, or a second later.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from aiokafka import TopicPartition

from epep_runtime.handling import Handling
from epep_runtime.places import Place, read_places
from epep_runtime.postgres import Pool

HighWater = Callable[[TopicPartition], int | None]
"""Where a partition ended when it was last fetched from; None when it never was."""


@dataclass(slots=True)
class Held:
    """One partition: the place that is stored, and the one that this worker has reached.

    What lies between them does not concern the subscription: whoever takes the partition over
    would only pass it over once more.
    """

    stored: Place
    reached: Place
    oldest_waiting: float = field(default_factory=time.time)
    """When the oldest event was said that waits in Kafka, or the one before it."""

    def store(self, place: Place) -> None:
        """Note that this place is stored, and nothing was read after it."""
        self.stored = self.reached = place


class Holding:
    """All partitions that one worker holds."""

    def __init__(self, pool: Pool, handling: Handling, name: str) -> None:
        self._pool, self._handling, self._name = pool, handling, name
        self.partitions: dict[TopicPartition, Held] = {}

    async def read(self, partitions: Sequence[TopicPartition]) -> dict[TopicPartition, int]:
        """Hold these partitions, from their stored places; return the offsets to go on from."""
        stored = await read_places(self._pool, self._name)
        await self._handling.refresh()
        for where in partitions:
            place = stored.get((where.topic, where.partition), Place(0, 0))
            self.partitions[where] = Held(place, place)
        return {where: self.partitions[where].reached.next_offset for where in partitions}

    async def store(self) -> None:
        """Move the stored places to those reached. Raises PlaceLostError."""
        ahead = {
            where: held for where, held in self.partitions.items() if held.reached != held.stored
        }
        if ahead:
            moves = {where: (held.stored, held.reached) for where, held in ahead.items()}
            await self._handling.move(moves)
        for held in ahead.values():
            held.store(held.reached)

    def reached(self) -> dict[TopicPartition, int]:
        """Return the next offset of each partition."""
        return {where: held.reached.next_offset for where, held in self.partitions.items()}

    def forget(self) -> None:
        """Hold nothing any more."""
        self.partitions.clear()

    def lag(self, ends: HighWater) -> tuple[int, float]:
        """Return how far behind the partitions are, in events and in seconds.

        The seconds are the age of the oldest event that waits, or of the one before it.
        """
        events, seconds, now = 0, 0.0, time.time()
        for where, held in self.partitions.items():
            waiting = max(0, (ends(where) or 0) - held.reached.next_offset)
            if waiting:
                events += waiting
                seconds = max(seconds, now - held.oldest_waiting)
        return events, round(seconds, 1)
