"""Append, relay, subscribe, park, rebuild and crash in any order: the machinery does what a small
model says.

The model is a list of statements for each stream, and the set of events that an operator skipped.
Hypothesis invents histories; after each step, and when all has come to rest, the log, the topic
and the read model are compared with it. What is real and what stands in for the broker is said in
`stepping.py`. `EPEP_PROVE=2000` tries so many histories, others each time; without it a fixed
choice is tried, in some seconds.

That it can fail was tried. With each of these changes to the machinery it found a counter-example:

| Change | What it found |
|---|---|
| `move_place` without its comparison with the old place | an event projected twice |
| duplicates by publication number not dropped | an event projected twice |
| numbering by `position` alone, without waiting for open transactions | an event never sent |
| numbering in order of commit, but not below the oldest open transaction | an event never sent |
| the relay saves its place before the acknowledgements | an event lost |
| a full batch skipped instead of ending the round | an event lost |
| later events of a parked stream handled at once | a gap in a stream |
| a parked queue taken from its end | events of a stream out of order |
| the switch without waiting for the rebuild to be level | a page that goes back in time |

It also found that a zombie could fail on a stream that another worker had parked.
"""

import asyncio
import os
import random
from collections import defaultdict
from contextlib import suppress
from typing import Any, ClassVar
from uuid import UUID

import pytest
from aiokafka import TopicPartition
from counting import CATALOG, COUNTER, COUNTING, cause, submitted
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from pydantic import SecretStr
from stepping import PARTITIONS, TOPIC, Counting, Crash, Hook, Slow, Topic, Worker, relay_step

from epep_runtime import parking_desk, runner, switching
from epep_runtime.event_store import EventStore, VersionConflictError
from epep_runtime.failed_events import EventFailedError
from epep_runtime.generations import (
    Generation,
    GenerationGoneError,
    begin_or_join,
    drop_all,
    generations_of,
)
from epep_runtime.parking import ParkedStream, list_parked
from epep_runtime.parking_desk import ParkedError
from epep_runtime.places import PlaceLostError, read_places
from epep_runtime.postgres import Pool, open_pool
from epep_runtime.settings import Settings
from epep_runtime.switching import NotYetError, switch

NAME = COUNTING.name
KEYS = [UUID(int=number) for number in (1, 2, 3)]
MOST_OPEN = 2
SEEDS, EACH, STEPS = range(8), 10, 40
LOGGED = (
    "SELECT stream_id, stream_version AS version FROM events"
    " WHERE type = 'TargetSubmitted' ORDER BY position"
)
PARKED = "SELECT EXISTS (SELECT FROM parked_streams WHERE subscription = $1)"
PROJECTED = "SELECT stream_id, version FROM counted ORDER BY at"
keys = st.sampled_from(KEYS)
workers = st.integers(0, 1)


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


class Histories(RuleBasedStateMachine):
    """What may happen, to a service with one read model, three streams and two workers."""

    ground: ClassVar[Ground]

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

    @initialize()
    def begin_with_something_to_do(self) -> None:
        for key in KEYS:
            self.append(key, [False, False])

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

    @rule(key=keys, bad=st.lists(st.sampled_from([False, False, True]), min_size=1, max_size=4))
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

    # Subscribing

    async def _step(self, number: int, most: int = 3) -> None:
        """As `Runner.run`: a worker that finds its place lost begins again from what is stored."""
        worker = self.workers[number]
        worker.consumer.most = most
        try:
            await worker.step()
        except PlaceLostError:
            await worker.join(self.topic.where())

    def _has_unread(self) -> bool:
        return any(
            position < len(self.topic.partitions[where.partition])
            for worker in self.workers
            for where, position in worker.consumer.positions.items()
        )

    @precondition(lambda self: self._has_unread() or self.waiting)
    @rule(number=workers, most=st.integers(1, 4))
    def work(self, number: int, most: int) -> None:
        self.run(self._step(number, most))

    @precondition(lambda self: self._has_unread() or self.waiting)
    @rule(number=workers, most=st.integers(1, 4), events=st.integers(1, 3))
    def worker_that_dies_in_mid_batch(self, number: int, most: int, events: int) -> None:
        """After so many events of it, before it commits."""
        self._after(events, self._die)
        try:
            self.run(self._step(number, most))
        except Crash:
            self.workers[number] = self.run(self._new_worker())
        self.counting.hook = None

    @precondition(lambda self: self._has_unread() or self.waiting)
    @rule(zombie=workers, most=st.integers(1, 4), events=st.integers(1, 3))
    def worker_that_another_overtakes_in_mid_batch(
        self, zombie: int, most: int, events: int
    ) -> None:
        """Both believe that they hold the partitions; the other one commits first."""
        self._after(events, lambda: self._step(1 - zombie, most))
        self.run(self._step(zombie, most))
        self.counting.hook = None

    async def _die(self) -> None:
        raise Crash

    def _after(self, events: int, hook: Hook) -> None:
        async def count_down() -> None:
            nonlocal events
            events -= 1
            if events:
                self.counting.hook = count_down
            else:
                await hook()

        self.counting.hook = count_down

    @rule(number=workers, partition=st.integers(0, PARTITIONS - 1), part=st.floats(0, 1))
    def fetch_from_elsewhere(self, number: int, partition: int, part: float) -> None:
        """Kafka delivers again what was handled, or what lies ahead of the place."""
        offset = round(part * len(self.topic.partitions[partition]))
        self.workers[number].consumer.seek(TopicPartition(TOPIC, partition), offset)

    @rule(number=workers, held=st.sets(st.integers(0, PARTITIONS - 1)))
    def rebalance(self, number: int, held: set[int]) -> None:
        where = [each for each in self.topic.where() if each.partition in held]
        self.run(self.workers[number].join(where))

    # Parking

    @rule(mended=st.booleans())
    def mend_the_handler_or_break_it(self, mended: bool) -> None:
        self.counting.mended = mended

    async def _parked(self) -> list[ParkedStream]:
        return [each for each in await list_parked(self.pool) if each.subscription == NAME]

    @precondition(lambda self: self.waiting)
    @rule()
    def retry_all(self) -> None:
        for each in self.run(self._parked()):
            retried = parking_desk.retry(self.pool, self.store, each.stream_id, NAME, cause())
            self.run(retried)
            self.unsent = True

    @precondition(lambda self: self.waiting)
    @rule()
    def skip_one(self) -> None:
        for each in self.run(self._parked())[:1]:
            try:
                self.skipped.add(self.run(self._skip(each.stream_id)))
                self.unsent = True
            except ParkedError:  # its queue is empty: it only waits to be released
                assert each.waiting == 0

    async def _skip(self, stream: str) -> tuple[str, int]:
        said = await parking_desk.skip(self.pool, self.store, stream, NAME, "a test", cause())
        version = await self.pool.fetchval(
            "SELECT stream_version FROM publications JOIN events USING (position)"
            " WHERE publication = $1",
            said.publication,
        )
        return stream, version

    # Rebuilding

    async def _building(self) -> Generation | None:
        known = await generations_of(self.pool, NAME)
        return next((each for each in known if each.state == "building"), None)

    @precondition(lambda self: self.builder is None)
    @rule()
    def begin_a_rebuild_or_go_on(self) -> None:
        made = self.run(begin_or_join(self.pool, self.counting.projector(), 0))
        self.building = True
        self.builder = self.run(self._new_worker(made))

    @precondition(lambda self: self.builder)
    @rule(most=st.integers(1, 6), dies=st.booleans())
    def rebuild(self, most: int, dies: bool) -> None:
        """An event that fails ends it, and so does a crash; the switch leaves it nothing to do."""
        assert self.builder
        self.builder.consumer.most = most
        if dies:
            self._after(2, self._die)
        try:
            self.run(self.builder.step())
        except EventFailedError:
            assert not self.counting.mended
            self.builder = None
        except (Crash, GenerationGoneError):
            self.builder = None
        self.counting.hook = None

    @precondition(lambda self: self.building)
    @rule()
    def switch_to_the_rebuilt_one(self) -> None:
        if self.run(self._switch()):
            self.building, self.unsent = False, True

    async def _switch(self) -> bool:
        building = await self._building()
        if building is None:
            return False
        try:
            await switch(self.pool, self.store, self.counting.projector(), building, cause())
        except NotYetError:
            return False
        await drop_all(self.pool, NAME, "old")
        return True

    # What must always hold

    @invariant()
    def somebody_knows_what_is_parked(self) -> None:
        self.waiting = self.run(self.ground.eye.fetchval(PARKED, NAME))

    @invariant()
    def the_log_is_what_was_committed(self) -> None:
        found = self.run(self._versions(LOGGED))
        for key, statements in self.log.items():
            assert found[COUNTER.stream(key)] == list(range(1, len(statements) + 1))

    async def _versions(self, query: str) -> dict[str, list[int]]:
        found: dict[str, list[int]] = defaultdict(list)
        for row in await self.ground.eye.fetch(query):
            found[row["stream_id"]].append(row["version"])
        return found

    @invariant()
    def without_what_was_sent_again_the_topic_has_each_stream_in_order(self) -> None:
        for messages in self.topic.partitions.values():
            last = 0
            versions: dict[bytes, int] = defaultdict(int)
            for message in messages:
                headers = dict(message.headers)
                publication = int(headers["ce_sourceposition"])
                if publication > last:
                    last, stream = publication, headers["ce_subject"]
                    versions[stream] += 1
                    assert versions[stream] == int(headers["ce_streamversion"])

    @invariant()
    def the_read_model_took_each_event_once_and_in_order(self) -> None:
        """It has no gap but what was skipped, and never goes back."""
        found = self.run(self._versions(PROJECTED))
        for key, statements in self.log.items():
            stream = COUNTER.stream(key)
            versions = found[stream]
            assert versions == sorted(set(versions)), "each once, and in order"
            last = max(versions, default=0)
            assert last >= self.seen_up_to.get(stream, 0), "a page does not go back in time"
            self.seen_up_to[stream] = last
            assert last <= len(statements)
            self._nothing_is_missing(stream, versions, last)

    def _nothing_is_missing(self, stream: str, versions: list[int], last: int) -> None:
        missing = set(range(1, last + 1)) - set(versions)
        assert {(stream, version) for version in missing} <= self.skipped

    # What must hold when all has come to rest

    def teardown(self) -> None:
        while self.slow:
            self.end_a_slow_transaction(0, True)
        self.counting.mended, self.counting.hook = True, None
        self.run(self._come_to_rest())
        self._all_is_there()
        if self.run(self._building()):
            self.run(self._finish_the_rebuild())
            self._all_is_there()

    async def _come_to_rest(self) -> None:
        await _until(self._all_is_sent)
        self.workers = [await self._new_worker(), await self._new_worker()]
        await _until(self._all_is_handled)

    async def _all_is_sent(self) -> bool:
        await relay_step(self.pool, self.store, self.topic)
        return bool(
            await self.pool.fetchval("SELECT sent = (SELECT count(*) FROM events) FROM relay_place")
        )

    async def _all_is_handled(self) -> bool:
        await self.pool.execute("UPDATE parked_streams SET next_try_at = now()")
        await self._step(0)
        return await self._at_the_end(NAME) and not await self._parked()

    async def _at_the_end(self, subscription: str) -> bool:
        places = await read_places(self.pool, subscription)
        return all(
            not messages
            or ((place := places.get((TOPIC, partition))) and place.next_offset == len(messages))
            for partition, messages in self.topic.partitions.items()
        )

    async def _finish_the_rebuild(self) -> None:
        made = await begin_or_join(self.pool, self.counting.projector(), 0)
        builder = await self._new_worker(made)

        async def built() -> bool:
            await builder.step()
            return await self._at_the_end(made.subscription)

        await _until(built)
        assert await self._switch()

    def _all_is_there(self) -> None:
        """Nothing that was committed is lost, but what an operator skipped."""
        found = self.run(self._versions(PROJECTED))
        for key, statements in self.log.items():
            stream = COUNTER.stream(key)
            self._nothing_is_missing(stream, found[stream], len(statements))
            read = self.run(self.store.read(self.pool, stream))
            assert [each.data.statement for each in read] == statements  # type: ignore[attr-defined]


async def _until(done: Any, rounds: int = 500) -> None:
    """Try again and again: another transaction on the server may hold a round up."""
    for _ in range(rounds):
        if await done():
            return
        await asyncio.sleep(0.001)
    raise AssertionError("it does not come to rest")


@pytest.mark.servers
def test_any_history_of_appends_crashes_and_rebuilds_ends_as_the_model_says(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Log = model, each stream in order, each event projected exactly once, nothing lost."""
    monkeypatch.setattr(runner, "PAUSES", (None,))
    monkeypatch.setattr(switching, "CATCH_UP_SECONDS", 0.0)
    wanted = os.environ.get("EPEP_PROVE")
    tried = settings(
        max_examples=EACH,
        stateful_step_count=STEPS,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate, Phase.shrink] if wanted else [Phase.generate],
    )
    # Many short searches find more than a long one, which stays near what it tried before.
    seeds = random.SystemRandom().sample(range(2**32), -(-int(wanted) // EACH)) if wanted else SEEDS
    with asyncio.Runner() as loop:
        Histories.ground = Ground(loop, database_url)
        try:
            for number in seeds:
                try:
                    run_state_machine_as_test(seed(number)(Histories), settings=tried)
                except BaseException as error:
                    error.add_note(f"This was with seed {number}.")
                    raise
        finally:
            loop.run(Histories.ground.keyring.close())
            loop.run(Histories.ground.close())
