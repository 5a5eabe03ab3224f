"""More processes for one rebuild: Kafka shares the partitions out among them."""

import asyncio
import contextlib
import multiprocessing
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from multiprocessing.process import BaseProcess

import uvloop

from epep_events.contexts import catalog
from epep_runtime.bus import Bus
from epep_runtime.event_store import EventStore
from epep_runtime.failed_events import EventFailedError
from epep_runtime.generations import Generation
from epep_runtime.postgres import open_pool
from epep_runtime.runner import Runner
from epep_runtime.settings import Settings
from epep_runtime.subscriptions import Projector
from epep_runtime.telemetry import start_telemetry

CONNECTIONS = 6
PATIENCE_SECONDS = 10.0


async def work(name: str, settings: Settings, projector: Projector, generation: Generation) -> None:
    """Build at a generation until it is not being built any more. Raises EventFailedError."""
    pool = await open_pool(settings.database_url.get_secret_value(), CONNECTIONS)
    keyring = settings.keyring()
    try:
        store = EventStore(catalog(), name, keyring)
        bus = Bus(settings.kafka_bootstrap, settings.topic_prefix, name)
        beside = replace(projector, name=generation.subscription)
        await Runner(pool, store, bus, beside, settings, generation=generation).run()
    finally:
        await keyring.close()
        await pool.close()


def _process(name: str, settings: Settings, projector: Projector, generation: Generation) -> None:
    start_telemetry(name, settings.log_level, None)
    with (
        asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
        # The first process gets this one's partitions, meets the same event, and names it.
        contextlib.suppress(EventFailedError, KeyboardInterrupt),
    ):
        runner.run(work(name, settings, projector, generation))


@asynccontextmanager
async def others(
    count: int, name: str, settings: Settings, projector: Projector, generation: Generation
) -> AsyncIterator[None]:
    """Have so many more processes work at a generation while the block runs.

    They are ended with it, in the middle of a batch or not: a batch is all there or not at all.
    """
    spawned = multiprocessing.get_context("spawn")
    what = (name, settings, projector, generation)
    started: list[BaseProcess] = [
        spawned.Process(target=_process, args=what, daemon=True) for _ in range(count)
    ]
    for each in started:
        each.start()
    try:
        yield
    finally:
        for each in started:
            each.terminate()
        for each in started:
            await asyncio.to_thread(each.join, PATIENCE_SECONDS)
