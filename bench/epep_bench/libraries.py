"""P2: appends a second against pyeventsourcing, in a process and an environment of its own."""

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import unquote, urlsplit

from epep_bench.appending import (
    EACH,
    WRITERS,
    against_a_bare_table,
    outcome_of,
    page_saved,
)
from epep_bench.arithmetic import Outcome
from epep_bench.rounds import in_turn
from epep_bench.servers import Servers
from epep_runtime.ids import new_id

HERE = Path(__file__).parents[1]
PLACE = HERE / ".venv"
LOCK = HERE / "requirements.lock"


def installed() -> Path:
    """Return the Python that has pyeventsourcing, installed by the lock file's hashes if not yet.

    Raises CalledProcessError when it cannot be installed.
    """
    python, done = PLACE / "bin" / "python", PLACE / "installed"
    if not done.exists() or done.read_text() != LOCK.read_text():
        subprocess.run([sys.executable, "-m", "venv", PLACE], check=True)
        install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([python, *install, "--require-hashes", "-r", LOCK], check=True)
        done.write_text(LOCK.read_text())
    return python


def environment(url: str) -> dict[str, str]:
    """Return what the library is told: its PostgreSQL recorder as it comes, a pool for all."""
    parts = urlsplit(url)
    return {
        "PERSISTENCE_MODULE": "eventsourcing.postgres",
        "POSTGRES_DBNAME": parts.path.removeprefix("/"),
        "POSTGRES_HOST": parts.hostname or "",
        "POSTGRES_PORT": str(parts.port),
        "POSTGRES_USER": unquote(parts.username or ""),
        "POSTGRES_PASSWORD": unquote(parts.password or ""),
        "POSTGRES_POOL_SIZE": str(WRITERS),
        "POSTGRES_MAX_OVERFLOW": str(WRITERS),
        "BENCH_EVENT": page_saved(new_id()).model_dump_json(),
    }


class Pyeventsourcing:
    """pyeventsourcing in a process of its own, waiting to be told how much to write."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def rate(self) -> float:
        """Return its appends a second, by as many writers and of as many events as ours."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{WRITERS} {EACH}\n".encode())
        return WRITERS * EACH / float(await self._process.stdout.readline())


@asynccontextmanager
async def pyeventsourcing(url: str) -> AsyncIterator[Pyeventsourcing]:
    """Start it on that database; it ends with the block."""
    process = await asyncio.create_subprocess_exec(
        installed(),
        HERE / "pyeventsourcing_writer.py",
        env={**os.environ, **environment(url)},
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        yield Pyeventsourcing(process)
    finally:
        assert process.stdin is not None
        process.stdin.close()
        await process.wait()


async def against_pyeventsourcing(servers: Servers) -> Outcome:
    """P2: ours against pyeventsourcing 9.5 with its recommended PostgreSQL recorder."""
    url = await servers.database("pyeventsourcing")
    async with against_a_bare_table(servers) as ours, pyeventsourcing(url) as theirs:
        rounds = await in_turn(ours.ours, theirs.rate)
    against = "pyeventsourcing 9.5.6, PostgresApplicationRecorder, 8 threads"
    return outcome_of("P2", rounds, against, 5.0, "at least 5")
