"""A subscription's end of the feed: to its runner it is a consumer with partitions of its own.

Of a partition it either waits for what the feed hands on, or is behind and reads alone.
"""

import asyncio
from collections.abc import Collection, Mapping
from typing import Any

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition

from epep_runtime.feed import Feed
from epep_runtime.kafka_faults import if_the_broker_is_there
from epep_runtime.waiting import comes_within

ROOM = 1_000
"""So many messages wait here for the subscription; then the feed waits, for a moment."""
ALONE_MS = 50

Messages = dict[TopicPartition, list[Any]]


class Tap:
    """What one subscription has of the feed, with those methods of a consumer that a runner needs.

    Each raises KafkaError when the feed was interrupted: then a new tap is needed.
    """

    def __init__(self, feed: Feed) -> None:
        self._feed = feed
        self._consumer: AIOKafkaConsumer | None = None
        self._alone: AIOKafkaConsumer | None = None
        self._topics: frozenset[str] = frozenset()
        self._listener: ConsumerRebalanceListener | None = None
        self._told = False
        self._next: dict[TopicPartition, int] = {}
        self._behind: dict[TopicPartition, int] = {}
        self._read_to: dict[TopicPartition, int] = {}
        self._waiting: Messages = {}
        self._arrived = asyncio.Event()
        self.has_room = asyncio.Event()
        self.has_room.set()
        self.done: Mapping[TopicPartition, int] = {}

    async def start(self) -> None:
        """Wait for the feed to be there. Raises what keeps it from being there."""
        self._consumer = await self._feed.ready()

    async def stop(self) -> None:
        """Leave the feed."""
        self._feed.detach(self)
        self._forget()
        await self._stop_alone()

    async def topics(self) -> set[str]:
        """Return the names of the broker's topics."""
        there: set[str] = await self._feed.required(self._consumer).topics()
        return there

    def subscribe(self, topics: Collection[str], listener: ConsumerRebalanceListener) -> None:
        """Follow these topics; `listener` hears of partitions that come and go."""
        self._topics, self._listener = frozenset(topics), listener
        self._feed.attach(self)

    async def getmany(self, timeout_ms: int, max_records: int) -> Messages:
        """Return what waits, or comes within so many milliseconds, at most so many of them."""
        self._feed.required(self._consumer)
        if not self._told:
            async with self._feed.moving:
                await self.arrive()
        found = self._take(max_records)
        if self._behind:
            found |= await self._read_alone(0 if found else ALONE_MS, max_records)
        elif self._alone:
            await self._stop_alone()
        elif not found:
            await comes_within(self._arrived, timeout_ms / 1000)
            found = self._take(max_records)
        self._feed.required(self._consumer)
        return found

    def seek(self, where: TopicPartition, offset: int) -> None:
        """Go on from this offset."""
        self._drop(where)
        ways = self._next if self._feed.takes_up(where, offset) else self._behind
        ways[where] = offset

    def highwater(self, where: TopicPartition) -> int | None:
        """Return where the partition ended when it was last fetched from."""
        if self._consumer is None or where not in self._feed.assigned:
            return None
        end: int | None = self._consumer.highwater(where)
        return end

    async def commit(self, offsets: Mapping[TopicPartition, int]) -> None:
        """Say how far the subscription has come; the feed tells Kafka, of all of them."""
        self.done = offsets

    async def arrive(self) -> None:
        """Have the subscription take over its partitions of those that the feed has now."""
        self._told = True
        mine = [where for where in self._feed.assigned if where.topic in self._topics]
        if mine and self._listener:
            await self._listener.on_partitions_assigned(mine)

    async def leave(self, revoked: Collection[TopicPartition]) -> None:
        """Have the subscription let its partitions go, after the batch under way."""
        if self._listener:
            await self._listener.on_partitions_revoked(revoked)
        self._forget()

    def hand(self, where: TopicPartition, messages: list[Any]) -> bool:
        """Take what follows on what this tap has had; tell whether the partition is followed."""
        upto = self._next.get(where)
        if upto is None:
            return False
        new = messages
        if messages[0].offset < upto:
            new = [message for message in messages if message.offset >= upto]
        if new:
            self._next[where] = new[-1].offset + 1
            self._waiting.setdefault(where, []).extend(new)
            self._arrived.set()
            if sum(map(len, self._waiting.values())) >= ROOM:
                self.has_room.clear()
        return True

    def read_alone(self) -> None:
        """Read for itself from now on what it has not taken: the feed goes on without it."""
        for where, messages in list(self._waiting.items()):
            offset = messages[0].offset
            self._drop(where)
            self._behind[where] = offset

    def fall_behind(self, where: TopicPartition, offset: int) -> None:
        """Read alone what the feed leaves out by going forward to this offset.

        Nothing of it waits here: the feed goes forward only where it has handed nothing on.
        """
        if self._next.get(where, offset) < offset:
            self._behind[where] = self._next.pop(where)

    def wake(self) -> None:
        """Return from waiting: the feed was interrupted."""
        self._arrived.set()

    def _take(self, most: int) -> Messages:
        found: Messages = {}
        for where, messages in list(self._waiting.items()):
            found[where], rest = messages[:most], messages[most:]
            most -= len(found[where])
            if rest:
                self._waiting[where] = rest
            else:
                del self._waiting[where]
            if not most:
                break
        if not self._waiting:
            self._arrived.clear()
            self.has_room.set()
        return found

    async def _read_alone(self, timeout_ms: int, most: int) -> Messages:
        """Read what the feed has passed; go on with the feed where it has been reached."""
        alone = await self._reader()
        wanted = dict(self._behind)
        if alone.assignment() != wanted.keys():
            alone.assign(list(wanted))
            self._read_to = {}
        for where, offset in wanted.items():
            if self._read_to.get(where) != offset:
                alone.seek(where, offset)
                self._read_to[where] = offset
        found: Messages = {}
        fetched = await alone.getmany(timeout_ms=timeout_ms, max_records=most)
        for where, messages in fetched.items():
            self._read_to[where] = messages[-1].offset + 1
            if self._behind.get(where) == wanted[where]:  # nobody has sought another place
                found[where], self._behind[where] = messages, self._read_to[where]
        for where, offset in list(self._behind.items()):
            if self._feed.takes_up(where, offset):
                self._next[where] = self._behind.pop(where)
        return found

    async def _reader(self) -> AIOKafkaConsumer:
        if self._alone is None:
            self._alone = self._feed.bus.alone()
            await self._alone.start()
        return self._alone

    async def _stop_alone(self) -> None:
        alone, self._alone = self._alone, None
        if alone:
            with if_the_broker_is_there():
                await alone.stop()

    def _drop(self, where: TopicPartition) -> None:
        for kept in (self._next, self._behind, self._waiting):
            kept.pop(where, None)
        if not self._waiting:
            self.has_room.set()

    def _forget(self) -> None:
        for kept in (self._next, self._behind, self._waiting):
            kept.clear()
        self.done = {}
        self.has_room.set()
