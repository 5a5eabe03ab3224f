"""The servers that everything is measured on: the real ones, as `make up` runs them."""

import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

from epep_local.backends import POSTGRES_ADDRESS, Backends, LocalPorts, start_for_tests
from epep_local.databases import create_database, url_for
from epep_local.keys import password, secret_key
from epep_local.places import cache_folder, ready
from epep_local.ports import free_port
from epep_local.postgres import STOP, Postgres
from epep_local.processes import Launch
from epep_local.system import System
from epep_local.topics import CONTEXTS, create_topics


@dataclass(frozen=True, slots=True)
class Servers:
    """Kafka, a mail server, and a PostgreSQL that keeps what it has said it has kept."""

    backends: Backends
    folder: Path
    secret: str = field(default_factory=secret_key)
    """What all services keep their secrets under: one may begin what another goes on with."""

    @property
    def kafka(self) -> str:
        """Kafka's address."""
        return self.backends.kafka_bootstrap

    async def database(self, word: str) -> str:
        """Make a database with a role that owns it, as a service has, and return its URL."""
        name = f"bench_{word}_{uuid4().hex[:8]}"
        return await create_database(self.backends.postgres_admin_url, name, name, password())

    def as_admin(self, url: str) -> str:
        """Return the URL of the same database for the superuser, whom row security lets copy."""
        return url_for(self.backends.postgres_admin_url, urlsplit(url).path.removeprefix("/"))

    async def topics(self) -> str:
        """Make the contexts' topics and return what their names begin with."""
        prefix = f"bench{uuid4().hex[:8]}."
        await create_topics(self.backends.broker, prefix, CONTEXTS)
        return prefix

    def system(self) -> System:
        """Return the services as processes of their own, not made yet."""
        word = uuid4().hex[:8]
        return System(
            self.backends,
            self.folder / f"system-{word}",
            prefix=f"bench{word}.",
            database_prefix=f"bench_{word}_",
        )


@contextmanager
def servers(environment: Mapping[str, str] = os.environ) -> Iterator[Servers]:
    """Start what is not given by address, with a PostgreSQL that syncs each commit to the disk."""
    with tempfile.TemporaryDirectory(prefix="epep-bench-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o711)  # PostgreSQL may run as another user, who must pass through it
        told = dict(environment)
        postgres = Postgres(folder / "durable", folder / "durable.log", free_port())
        running = None
        if POSTGRES_ADDRESS not in told:
            running = postgres.launch(Launch(tethered=True))
            postgres.await_ready(running)
            told[POSTGRES_ADDRESS] = postgres.admin_url
        ports = LocalPorts(*(free_port() for _ in range(5)))
        try:
            started = start_for_tests(folder, ready(cache_folder()), ports, told)
            try:
                yield Servers(started, folder)
            finally:
                started.stop()
        finally:
            if running:
                running.stop(STOP)
