"""The machinery one step at a time: real PostgreSQL and real code, with a topic kept in memory.

Only what aiokafka stands for is replaced (`Topic`, `Producer`, `Consumer`): the promises of the
broker itself are tried by the conformance suite. The relay's numbering, batching and place, the
runner, the handling, the waiting room, rebuild and switch are the ones that services run.
"""

import time
from collections.abc import Awaitable, Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

from aiokafka import TopicPartition
from counting import COUNTING, count_it

from epep_events.envelope import Metadata
from epep_events.pep import TargetSubmitted
from epep_runtime.broker import Broker
from epep_runtime.bus import Bus
from epep_runtime.event_store import EventStore
from epep_runtime.generations import Generation
from epep_runtime.places import move_place
from epep_runtime.postgres import Connection, Pool
from epep_runtime.relay import Relay
from epep_runtime.runner import Runner
from epep_runtime.subscriptions import Projector

TOPIC, PARTITIONS = "pep", 2
BUS = Bus(Broker("nowhere:9092"), "", "test")
Hook = Callable[[], Awaitable[None]]


class Crash(BaseException):
    """A process dies here: nothing after this line is done, nothing is caught."""


@dataclass(frozen=True, slots=True)
class Message:
    """A message as aiokafka hands it over."""

    offset: int
    key: bytes
    value: bytes
    headers: Sequence[tuple[str, bytes]]
    timestamp: int


class Batch:
    """What `producer.create_batch()` returns, with room for few messages."""

    ROOM = 2

    def __init__(self) -> None:
        self.messages: list[dict[str, Any]] = []

    def append(self, **message: Any) -> bool | None:
        if len(self.messages) == self.ROOM:
            return None
        self.messages.append(message)
        return True

    def record_count(self) -> int:
        return len(self.messages)


@dataclass
class Topic:
    """A topic of a broker: partitions that only grow, by a whole batch or not at all."""

    partitions: dict[int, list[Message]] = field(
        default_factory=lambda: {number: [] for number in range(PARTITIONS)}
    )

    def write(self, partition: int, batch: Batch) -> None:
        log = self.partitions[partition]
        for each in batch.messages:
            log.append(
                Message(
                    len(log), each["key"], each["value"], each["headers"], int(time.time() * 1000)
                )
            )

    def where(self) -> list[TopicPartition]:
        return [TopicPartition(TOPIC, number) for number in self.partitions]


class Acknowledgement:
    """What `send_batch` returns; awaiting one that never comes is where the relay dies."""

    def __init__(self, comes: bool) -> None:
        self._comes = comes

    def __await__(self) -> Generator[Any, None, None]:
        if not self._comes:
            raise Crash
        return
        yield


class Producer:
    """A relay's producer; with `lives` the relay dies when so many batches are written.

    Those after them are still in the producer's memory then: accepted, never acknowledged, gone.
    """

    def __init__(self, topic: Topic, lives: int | None = None) -> None:
        self._topic, self._lives = topic, lives

    async def partitions_for(self, _: str) -> set[int]:
        return set(self._topic.partitions)

    def create_batch(self) -> Batch:
        return Batch()

    async def send_batch(self, batch: Batch, _: str, *, partition: int) -> Acknowledgement:
        if self._lives is not None:
            if self._lives == 0:
                return Acknowledgement(False)
            self._lives -= 1
        self._topic.write(partition, batch)
        return Acknowledgement(self._lives is None)


class Consumer:
    """A worker's consumer, which holds what it is told to and fetches few messages at a time."""

    def __init__(self, topic: Topic) -> None:
        self.topic, self.most = topic, 3
        self.positions = dict.fromkeys(topic.where(), 0)

    async def getmany(
        self, timeout_ms: int, max_records: int
    ) -> Mapping[TopicPartition, list[Message]]:
        found = {}
        for where, position in self.positions.items():
            messages = self.topic.partitions[where.partition][position : position + self.most]
            if messages:
                found[where] = messages
                self.positions[where] = position + len(messages)
        return found

    def seek(self, where: TopicPartition, offset: int) -> None:
        self.positions[where] = offset

    def highwater(self, where: TopicPartition) -> int:
        return len(self.topic.partitions[where.partition])

    async def commit(self, _: object) -> None:
        """Kafka's own committed offsets are a courtesy: nothing here depends on them."""


class LastMoment:
    """In place of `move_place`: a worker may die when all is written, and not yet committed."""

    def __init__(self) -> None:
        self.comes = False

    async def move_place(self, *where: Any) -> None:
        await move_place(*where)
        if self.comes:
            raise Crash


class Counting:
    """The counting read model, with a handler that may be stopped, killed, or refuse `bad`."""

    def __init__(self) -> None:
        self.mended = False
        self.hook: Hook | None = None

    async def take(self, connection: Connection, event: TargetSubmitted, meta: Metadata) -> None:
        await count_it(connection, event, meta)
        hook, self.hook = self.hook, None
        if hook:
            await hook()
        if event.statement == "bad" and not self.mended:
            raise RuntimeError("cannot take this one")

    def projector(self, name: str = COUNTING.name) -> Projector:
        return replace(COUNTING, name=name, handles={TargetSubmitted: self.take})


class Worker:
    """One worker of the live read model, or of a rebuild."""

    def __init__(
        self,
        pool: Pool,
        store: EventStore,
        topic: Topic,
        counting: Counting,
        generation: Generation | None = None,
    ) -> None:
        name = generation.subscription if generation else COUNTING.name
        self.runner = Runner(pool, store, BUS, counting.projector(name), generation=generation)
        self.consumer = Consumer(topic)
        self.runner._consumer = self.consumer

    async def join(self, partitions: list[TopicPartition]) -> None:
        """Hold these partitions and no others, from the places that are stored."""
        self.runner.holding.forget()
        await self.runner.take_over(partitions)

    async def step(self) -> None:
        """Do what a worker does between two fetches."""
        self.runner._next_look = self.runner._next_store = 0.0
        await self.runner._round(self.consumer)


async def relay_step(pool: Pool, store: EventStore, topic: Topic, lives: int | None = None) -> bool:
    """Let a relay do one round; tell whether there was anything to do."""
    relay = Relay(pool, store, Broker("nowhere:9092"), TOPIC)
    async with pool.acquire() as leader:
        return await relay.publish_round(leader, Producer(topic, lives))


@dataclass
class Slow:
    """A transaction that has appended and stays open."""

    connection: Any
    keys: tuple[UUID, ...]
    said: dict[UUID, str]

    async def end(self, pool: Pool, how: str) -> None:
        await self.connection.execute(how)
        await pool.release(self.connection)
