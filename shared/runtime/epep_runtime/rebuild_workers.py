"""More processes for one rebuild: Kafka shares the partitions out among them.

Each is a program of its own, `python -m epep_runtime.rebuild_workers`, which loads the read model
and not the whole service: it is at work in half of the time.
"""

import asyncio
import contextlib
import pickle
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import uvloop

from epep_events.contexts import catalog
from epep_runtime.bus import Bus
from epep_runtime.collecting import searching_seldom
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
        bus = Bus(settings.broker(), settings.topic_prefix, name)
        beside = replace(projector, name=generation.subscription)
        await Runner(pool, store, bus, beside, settings, generation=generation).run()
    finally:
        await keyring.close()
        await pool.close()


def main(name: str, settings: Settings, projector: Projector, generation: Generation) -> None:
    """Work in a process of its own, until ended."""
    start_telemetry(name, settings.log_level, None)
    with (
        asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
        # The first process gets this one's partitions, meets the same event, and names it.
        contextlib.suppress(EventFailedError, KeyboardInterrupt),
        searching_seldom(),
    ):
        runner.run(work(name, settings, projector, generation))


@asynccontextmanager
async def others(
    count: int, name: str, settings: Settings, projector: Projector, generation: Generation
) -> AsyncIterator[None]:
    """Have so many more processes work at a generation while the block runs.

    They are ended with it, in the middle of a batch or not: a batch is all there or not at all.
    """
    started = [_start((name, settings, projector, generation)) for _ in range(count)]
    try:
        yield
    finally:
        for each in started:
            each.terminate()
        for each in started:
            await asyncio.to_thread(_ended, each)


def _start(what: tuple[str, Settings, Projector, Generation]) -> "subprocess.Popen[bytes]":
    """Start a process; what it needs to know has secrets in it, and goes through a pipe."""
    told = pickle.dumps(what)
    started = subprocess.Popen([sys.executable, "-m", __spec__.name], stdin=subprocess.PIPE)  # noqa: S603
    assert started.stdin is not None
    with contextlib.suppress(BrokenPipeError), started.stdin as pipe:
        pipe.write(told)
    return started


def _ended(process: "subprocess.Popen[bytes]") -> None:
    try:
        process.wait(PATIENCE_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


if __name__ == "__main__":
    main(*pickle.load(sys.stdin.buffer))  # noqa: S301 - from the process that started this one
