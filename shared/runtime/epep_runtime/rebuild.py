"""Building a read model again, from the topics' beginning, beside the live one."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

import asyncpg
from aiokafka import AIOKafkaConsumer, TopicPartition

from epep_events.contexts import catalog
from epep_runtime.bus import Bus
from epep_runtime.collecting import searching_seldom
from epep_runtime.comparing import Comparison, compare
from epep_runtime.event_store import EventStore
from epep_runtime.forgetting import forget_everybody_erased
from epep_runtime.generations import (
    Generation,
    GenerationGoneError,
    RebuildError,
    begin_or_join,
    drop,
    generations_of,
    state_of,
)
from epep_runtime.operations import operator_cause
from epep_runtime.places import read_places
from epep_runtime.postgres import Pool, open_pool
from epep_runtime.read_model_tables import qualified
from epep_runtime.rebuild_workers import others
from epep_runtime.runner import Runner
from epep_runtime.settings import Settings
from epep_runtime.skipping import Skipped, skipped_in
from epep_runtime.subscriptions import Projector
from epep_runtime.switching import (
    FIRST_LOCK_SECONDS,
    LAST_LOCK_SECONDS,
    NotYetError,
    switch,
)
from epep_runtime.topic_ends import ends_of
from epep_runtime.waiting import ended

Progress = Callable[[int, int], None]
LOOK_SECONDS = 0.2
RATE_SECONDS = 5.0


class Saying:
    """Prints progress: `done total` for programs, and now and then the rate for people."""

    def __init__(self) -> None:
        self._begun: tuple[float, int] | None = None
        self._said_at = time.monotonic()

    def __call__(self, done: int, total: int) -> None:
        """Print how far the rebuild has come."""
        print(f"{done} {total}", flush=True)  # noqa: T201
        now = time.monotonic()
        if self._begun is None:
            self._begun = (now, done)
        elif now - self._said_at >= RATE_SECONDS or done >= total:
            self._said_at = now
            rate = (done - self._begun[1]) / max(now - self._begun[0], 0.001)
            if rate > 0:
                left = (total - done) / rate
                print(f"{rate:,.0f} events a second, {left:,.0f} s left", flush=True)  # noqa: T201


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """How a rebuild ended.

    `switched` is whether this worker made the generation live; another may have. `comparison` is
    there where it was asked for; the generation is then still building, ready to be switched to.
    `skipped` are the events that operators have taken out of this read model.
    """

    generation: Generation
    switched: bool = False
    comparison: Comparison | None = None
    skipped: tuple[Skipped, ...] = ()


async def rebuild(
    name: str,
    settings: Settings,
    projector: Projector,
    progress: Progress | None = None,
    *,
    only_compare: bool = False,
    keep_older: bool = False,
    workers: int = 1,
) -> Rebuilt:
    """Build a new generation beside the live read model, catch up, and switch to it.

    Interrupted at any point and started again, it goes on with the same generation. With more
    `workers` than one, each a process, they share its partitions; so they do when it is started
    several times at once. What was live stays as an old generation; older ones are dropped, unless
    `keep_older`. With `only_compare` it compares instead of switching. What operators have skipped
    is left out. Raises EventFailedError naming an event that could not be taken, and RebuildError;
    the live read model is then as it was.
    """
    pool = await open_pool(settings.database_url.get_secret_value(), 6)
    keyring = settings.keyring()
    try:
        store = EventStore(catalog(), name, keyring)
        ends = await _ends(settings, projector)
        generation = await begin_or_join(pool, projector, sum(ends.values()))
        bus = Bus(settings.broker(), settings.topic_prefix, name)
        beside = _of(projector, generation)
        runner = Runner(pool, store, bus, beside, settings, generation=generation)
        helpers = others(workers - 1, name, settings, projector, generation)
        async with helpers, _building(runner) as task:
            await _until_caught_up(pool, generation, ends, progress or Saying(), task)
            with contextlib.suppress(GenerationGoneError):  # another worker has switched
                await forget_everybody_erased(pool, projector, generation)
            if only_compare and await state_of(pool, generation) == "building":
                found = await compare(pool, projector, generation)
                return Rebuilt(
                    generation, comparison=found, skipped=await skipped_in(pool, projector.name)
                )
            await _analyze(pool, projector, generation)
            switched = await _switch(pool, store, projector, generation, task)
        if switched and not keep_older:
            await _drop_older(pool, projector)
        return Rebuilt(generation, switched, skipped=await skipped_in(pool, projector.name))
    finally:
        await keyring.close()
        await pool.close()


def _of(projector: Projector, generation: Generation) -> Projector:
    """Return the projector with places of the generation's own."""
    return replace(projector, name=generation.subscription)


@asynccontextmanager
async def _building(runner: Runner) -> AsyncIterator["asyncio.Task[None]"]:
    """Run it beside the body: to its batch's end afterwards, but not when the body has failed."""
    task = asyncio.create_task(runner.run())
    try:
        with searching_seldom():
            yield task
            runner.stop()
            await task
    finally:
        await ended(task)


async def _ends(settings: Settings, projector: Projector) -> dict[TopicPartition, int]:
    broker = settings.broker()
    consumer = AIOKafkaConsumer(**broker.options())
    try:
        await consumer.start()
        topics = [settings.topic(context) for context in projector.contexts]
        return await ends_of(consumer, broker, topics)
    finally:
        await consumer.stop()


async def _until_caught_up(
    pool: Pool,
    generation: Generation,
    ends: dict[TopicPartition, int],
    progress: Progress,
    task: "asyncio.Task[None]",
) -> None:
    """Wait until the places are where the topics ended, or another worker has switched."""
    total = sum(ends.values())
    while True:
        places = await read_places(pool, generation.subscription)
        done = sum(
            min(end, place.next_offset)
            for where, end in ends.items()
            if (place := places.get((where.topic, where.partition)))
        )
        if done < total and await _ended(pool, generation, task):
            return
        progress(done, total)
        if done >= total:
            return
        await asyncio.wait([task], timeout=LOOK_SECONDS)


async def _ended(pool: Pool, generation: Generation, task: "asyncio.Task[None]") -> bool:
    """Tell whether the generation is built no more. Raises what ended the worker."""
    state = await state_of(pool, generation)
    if state is None:
        raise RebuildError(f"Generation {generation.number} was dropped: this rebuild has ended.")
    if task.done():
        task.result()
    return state != "building"


async def _analyze(pool: Pool, projector: Projector, generation: Generation) -> None:
    """Let the planner know the new tables before anybody asks them.

    Where another worker has switched meanwhile they are in another place, and known there.
    """
    with contextlib.suppress(asyncpg.InvalidSchemaNameError, asyncpg.UndefinedTableError):
        for table in projector.tables:
            await pool.execute(f"ANALYZE {qualified(generation.schema, table)}")


async def _switch(
    pool: Pool,
    store: EventStore,
    projector: Projector,
    generation: Generation,
    task: "asyncio.Task[None]",
) -> bool:
    seconds = FIRST_LOCK_SECONDS
    cause = operator_cause()
    while not await _ended(pool, generation, task):
        try:
            return await switch(pool, store, projector, generation, cause, seconds)
        except NotYetError:
            seconds = min(seconds * 2, LAST_LOCK_SECONDS)
            await asyncio.wait([task], timeout=LOOK_SECONDS)
    return False


async def _drop_older(pool: Pool, projector: Projector) -> None:
    """Drop all old generations but the newest, which was live until now."""
    async with pool.acquire() as connection, connection.transaction():
        known = await generations_of(connection, projector.name)
        for each in [each for each in known if each.state == "old"][:-1]:
            await drop(connection, each)
