"""What the state machine's histories share: a database that each finds empty, and the model.

The model is a list of statements for each stream, and what an operator skipped. These rules append
to the streams and let the relay publish; `reading_histories.py` adds those who read.
"""

import asyncio
from contextlib import suppress
from typing import Any, ClassVar
from uuid import UUID

import pytest
from counting import CATALOG, COUNTER, COUNTING, cause, submitted
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule
from pydantic import SecretStr
from stepping import PARTITIONS, Counting, Crash, LastMoment, Slow, Topic, Worker, relay_step

from epep_runtime.event_store import EventStore, VersionConflictError
from epep_runtime.generations import Generation, drop_all
from epep_runtime.postgres import Pool, open_pool
from epep_runtime.settings import Settings

NAME = COUNTING.name
KEYS = [UUID(int=number) for number in (1, 2, 3)]
MOST_OPEN = 2
keys = st.sampled_from(KEYS)
STATEMENTS = st.lists(st.sampled_from([False, False, True]), min_size=1, max_size=4)


class Ground:
    """What all histories share: a loop to run in, a database, which each finds empty."""

    def __init__(self, loop: asyncio.Runner, url: str) -> None:
        self.run = loop.run
        self.keyring = Settings(database_url=SecretStr(url)).keyring()
        self.store = EventStore(CATALOG, "pep", self.keyring)
        self.pool: Pool = self.run(open_pool(url, 12))
        self.eye: Any = self.run(self._acquired())

    async def _acquired(self) -> Any:
        return await self.pool.acquire()

    async def close(self) -> None:
        await self.pool.release(self.eye)
        await self.pool.close()

    async def clear(self) -> None:
        """Empty every table, which only a test may do."""
        async with self.pool.acquire() as connection:
            for number in await drop_all(self.pool, NAME, "building"):
                assert number
            await connection.execute("DELETE FROM generations WHERE state = 'live'")
            await drop_all(self.pool, NAME, "old")
            tables = await connection.fetchval(
                "SELECT string_agg(quote_ident(tablename), ', ') FROM pg_tables"
                " WHERE schemaname = 'public' AND tablename NOT IN ('migrations', 'relay_place')"
            )
            await connection.execute(
                "ALTER TABLE events DISABLE TRIGGER USER;"
                f"TRUNCATE {tables} RESTART IDENTITY CASCADE;"
                "ALTER TABLE events ENABLE TRIGGER USER;"
                "UPDATE relay_place SET transaction_id = '0', position = 0, numbered = 0, sent = 0"
            )


class Writing(RuleBasedStateMachine):
    """What may happen to the log and the topic of a service with three streams."""

    ground: ClassVar[Ground]
    last_moment: ClassVar[LastMoment]

    def __init__(self) -> None:
        super().__init__()
        self.pool, self.store, self.run = self.ground.pool, self.ground.store, self.ground.run
        self.log: dict[UUID, list[str]] = {key: [] for key in KEYS}
        self.skipped: set[tuple[str, int]] = set()
        self.said = 0
        self.seen_up_to: dict[str, int] = {}
        self.slow: list[Slow] = []
        self.unsent = self.waiting = self.building = False
        self.topic, self.counting = Topic(), Counting()
        self.run(self.ground.clear())
        self.workers = [self.run(self._new_worker()) for _ in range(2)]
        self.builder: Worker | None = None

    async def _new_worker(self, generation: Generation | None = None) -> Worker:
        worker = Worker(self.pool, self.store, self.topic, self.counting, generation)
        await worker.join(self.topic.where())
        return worker

    # Appending

    @initialize(
        bad=st.lists(STATEMENTS, min_size=len(KEYS), max_size=len(KEYS)), late=st.booleans()
    )
    def begin_with_something_to_do(self, bad: list[list[bool]], late: bool) -> None:
        """Often a stream is parked already, with more behind what cannot be handled."""
        for key, each in zip(KEYS, bad, strict=True):
            self.append(key, each)
        if not late:
            self.relay()
            self.take_what_there_is()

    def take_what_there_is(self) -> None:
        """Let the workers, where there are any, handle what was published."""

    def _statement(self, bad: bool = False) -> str:
        self.said += 1
        return "bad" if bad else str(self.said)

    def _held(self, key: UUID) -> bool:
        return any(key in slow.keys for slow in self.slow)

    async def _append(self, key: UUID, version: int, statements: list[str]) -> None:
        async with self.pool.acquire() as connection, connection.transaction():
            events = [submitted(key, statement) for statement in statements]
            stream = COUNTER.stream(key)
            await self.store.append(connection, stream, version, events, cause(), about=key)

    @rule(key=keys, bad=STATEMENTS)
    def append(self, key: UUID, bad: list[bool]) -> None:
        if not self._held(key):
            statements = [self._statement(each) for each in bad]
            self.run(self._append(key, len(self.log[key]), statements))
            self.log[key] += statements
            self.unsent = True

    @rule(key=keys, away=st.sampled_from([-1, 1, 2]))
    def append_at_a_wrong_version(self, key: UUID, away: int) -> None:
        if not self._held(key):
            with pytest.raises(VersionConflictError):
                self.run(self._append(key, len(self.log[key]) + away, ["never"]))

    @precondition(lambda self: len(self.slow) < MOST_OPEN)
    @rule(chosen=st.lists(keys, min_size=1, max_size=2, unique=True))
    def open_a_slow_transaction(self, chosen: list[UUID]) -> None:
        """It appends to the first stream now, and to the second when it ends."""
        if not any(self._held(key) for key in chosen):
            self.slow.append(self.run(self._open(chosen)))

    async def _open(self, chosen: list[UUID]) -> Slow:
        connection = await self.pool.acquire()
        slow = Slow(connection, tuple(chosen), {key: self._statement() for key in chosen})
        await connection.execute("BEGIN")
        await self.store.hold(connection, [COUNTER.stream(key) for key in chosen])
        await self._append_slowly(slow, chosen[0])
        return slow

    async def _append_slowly(self, slow: Slow, key: UUID) -> None:
        event, stream = submitted(key, slow.said[key]), COUNTER.stream(key)
        await self.store.append(
            slow.connection, stream, len(self.log[key]), [event], cause(), about=key
        )

    @precondition(lambda self: self.slow)
    @rule(which=st.integers(0, MOST_OPEN - 1), commits=st.booleans())
    def end_a_slow_transaction(self, which: int, commits: bool) -> None:
        slow = self.slow.pop(which % len(self.slow))
        if commits:
            for key in slow.keys[1:]:
                self.run(self._append_slowly(slow, key))
            for key in slow.keys:
                self.log[key].append(slow.said[key])
        self.run(slow.end(self.pool, "COMMIT" if commits else "ROLLBACK"))
        self.unsent = True

    # Publishing

    @precondition(lambda self: self.unsent)
    @rule()
    def relay(self) -> None:
        self.unsent = self.run(relay_step(self.pool, self.store, self.topic))

    @precondition(lambda self: self.unsent)
    @rule(lives=st.integers(0, PARTITIONS))
    def relay_that_dies_before_it_saves_its_place(self, lives: int) -> None:
        """When so many of its batches are written, or at the latest while it waits for acks."""
        with suppress(Crash):
            self.run(relay_step(self.pool, self.store, self.topic, lives))
