"""P8: the memory of a rebuild of a million events, against the service when nothing happens."""

import asyncio
import os

from epep_bench.arithmetic import Outcome
from epep_bench.history import histories
from epep_bench.keyrings import keyring
from epep_bench.processes import memory_of, process, service, told
from epep_bench.servers import Servers
from epep_bench.topic import fill
from epep_local.ports import free_port
from epep_local.processes import Running
from epep_runtime.migrations import migrate
from pep_service.main import SERVICE

EVENTS = 1_000_000
LIMIT = 150 * 2**20
IDLE_SECONDS, LOOK_SECONDS = 3.0, 0.05


async def most_memory(running: Running) -> int:
    """Return the most memory that a process has until it ends."""
    most = 0
    while running.alive():
        most = max(most, memory_of(running))
        await asyncio.sleep(LOOK_SECONDS)
    return most


async def idle_memory(servers: Servers) -> int:
    """Return what pep-service takes with all its parts, some seconds after it is ready."""
    url, prefix = await servers.database("idle"), await servers.topics()
    await migrate(url, SERVICE.all_migrations())
    async with service(servers, "pep_service", url, prefix, "all") as running:
        await asyncio.sleep(IDLE_SECONDS)
        return memory_of(running)


async def memory_of_a_rebuild(servers: Servers) -> Outcome:
    """P8: the process of `rebuild change_log`, from start to end."""
    events = int(os.environ.get("BENCH_EVENTS", EVENTS))
    url, prefix = await servers.database("memory"), await servers.topics()
    await migrate(url, SERVICE.all_migrations())
    async with keyring(servers) as ring:
        idle = await idle_memory(servers)
        total = await fill(servers.kafka, f"{prefix}pep", ring, histories(events))
        port = free_port()
        environment = told(servers, url, prefix, port)
        async with process(
            servers, "pep_service", "rebuild", "change_log", environment=environment, port=port
        ) as running:
            most = await most_memory(running)
            end = running.last_words(1)
    if "is live" not in end:
        raise RuntimeError(end)
    return Outcome(
        "P8",
        f"most memory of a rebuild of {total:,} events",
        f"{most / 2**20:.0f} MB",
        f"the service, idle: {idle / 2**20:.0f} MB",
        f"{(most - idle) / 2**20:+.0f} MB",
        "at most +150 MB",
        most - idle <= LIMIT,
        "one run",
    )
