"""Services as processes of their own, as `make up` runs them."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from uuid import uuid4

import psutil

from epep_bench.lean_http import Connection
from epep_bench.servers import Servers
from epep_local.ports import free_port
from epep_local.processes import Launch, Running


def told(servers: Servers, url: str, prefix: str, port: int) -> dict[str, str]:
    """Return what every service is told; the keyring is in the environment already."""
    return {
        **os.environ,
        "EPEP_DATABASE_URL": url,
        "EPEP_KAFKA_BOOTSTRAP": servers.kafka,
        "EPEP_TOPIC_PREFIX": prefix,
        "EPEP_HTTP_PORT": str(port),
        "EPEP_SECRET_KEY": servers.secret,
        "EPEP_PORTAL_URL": "http://localhost:8400",
        "EPEP_SMTP_HOST": servers.backends.smtp_host,
        "EPEP_SMTP_PORT": str(servers.backends.smtp_port),
        "EPEP_MAIL_FROM": "ePEP <no-reply@epep.example>",
    }


@asynccontextmanager
async def process(
    servers: Servers, module: str, *arguments: str, environment: Mapping[str, str], port: int
) -> AsyncIterator[Running]:
    """Run a Python module until the block ends."""
    log = servers.folder / f"{module}-{uuid4().hex[:6]}.log"
    running = Launch(tethered=True).start(
        module, [sys.executable, "-m", module, *arguments], log=log, port=port,
        environment=environment,
    )  # fmt: skip
    try:
        yield running
    finally:
        await asyncio.to_thread(running.stop)


@asynccontextmanager
async def service(
    servers: Servers, module: str, url: str, prefix: str, roles: str
) -> AsyncIterator[Running]:
    """Run a service in these roles, from when it says that it is ready."""
    port = free_port()
    environment = {**told(servers, url, prefix, port), "EPEP_ROLES": roles}
    async with process(servers, module, "run", environment=environment, port=port) as running:
        await until_ready(running, "/readyz")
        yield running


async def until_ready(running: Running, path: str, patience: float = 120) -> None:
    """Wait until it answers 200 there. Raises TimeoutError with the end of its log."""
    try:
        async with asyncio.timeout(patience):
            while not await _answers(running.port, path):  # noqa: ASYNC110 - another process
                await asyncio.sleep(0.1)
    except TimeoutError as error:
        raise TimeoutError(running.last_words()) from error


async def _answers(port: int, path: str) -> bool:
    try:
        connection = await Connection.to(port)
    except OSError:
        return False
    try:
        return (await connection.ask("GET", path, {})).status == 200
    except (OSError, EOFError):
        return False
    finally:
        await connection.close()


def memory_of(running: Running) -> int:
    """Return how many bytes of memory the process has now; 0 when it has ended."""
    try:
        return int(psutil.Process(running.pid).memory_info().rss)
    except psutil.Error:
        return 0
