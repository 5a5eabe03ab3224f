"""A whole ePEP of one's own: its servers and services, on free ports, in a folder of its own."""

from __future__ import annotations

import asyncio
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from epep_local.backends import Backends
from epep_local.databases import url_for
from epep_local.kafka import Kafka
from epep_local.mailbox import Mailbox
from epep_local.mailbox_process import MailboxServer
from epep_local.places import cache_folder, ready
from epep_local.ports import free_port
from epep_local.postgres import Postgres
from epep_local.problem import LocalError
from epep_local.processes import Launch, Running
from epep_local.services import SERVICES
from epep_local.system import System

SERVICE_NAMES = tuple(one.name for one in SERVICES)
CONTEXTS = ("pep", "meeting", "notification", "qa", "identity")


@dataclass
class Part:
    """A process that may be killed and started again: a service, the broker or the database."""

    name: str
    launch: Callable[[], Running]
    running: Running | None = None

    def start(self) -> None:
        """Start it without waiting."""
        self.running = self.launch()

    def alive(self) -> bool:
        """Whether its process runs."""
        return self.running is not None and self.running.alive()

    def kill(self) -> bool:
        """End it and its children as `kill -9` does; False when there was nothing to kill."""
        if self.running is None or not self.running.alive():
            return False
        children = psutil.Process(self.running.pid).children(recursive=True)
        self.running.kill()
        for child in children:
            try:
                child.kill()
            except psutil.NoSuchProcess:
                continue  # PostgreSQL's processes end when they see that their first one is gone
        return True


@dataclass(frozen=True)
class Town:
    """The running whole. Start parts from a thread that lasts (see `Launch`)."""

    system: System
    backends: Backends
    mailbox: Mailbox
    parts: dict[str, Part]
    folder: Path
    postgres: Postgres
    kafka: Kafka

    def await_servers(self) -> None:
        """Wait until the database and the broker can be used. Raises LocalError."""
        for name, server in (("database", self.postgres), ("broker", self.kafka)):
            running = self.parts[name].running
            if running is None:
                raise LocalError(f"The {name} was not started.")
            server.await_ready(running)

    def database(self, service: str) -> str:
        """The address of a service's database, for whoever may read everything."""
        path = self.system.database_url(service).rpartition("/")[2]
        return url_for(self.backends.postgres_admin_url, path)

    def log(self, service: str) -> Path:
        """The service's log file."""
        return self.system.log(service)


@contextmanager
def standing() -> Iterator[Town]:
    """Start everything, and end and remove it afterwards. Raises LocalError."""
    folder = Path(tempfile.mkdtemp(prefix="epep-chaos-"))
    folder.chmod(0o711)  # PostgreSQL may run as another user, who must pass through it
    with ExitStack() as ending:
        if not os.environ.get("CHAOS_KEEP"):
            ending.callback(shutil.rmtree, folder, ignore_errors=True)
        town = _made(folder, ending)
        asyncio.run(town.system.create())
        town.system.migrate()
        for name in SERVICE_NAMES:
            town.parts[name].start()
        town.system.wait_ready()
        yield town


def _made(folder: Path, ending: ExitStack) -> Town:
    how = Launch(tethered=True)
    kafka = Kafka(
        folder / "kafka", ready(cache_folder()), folder / "kafka.log", free_port(), free_port()
    )
    # Durable: what is in doubt after `kill -9` is ours to find, not a server's told to forget.
    postgres = Postgres(folder / "postgres", folder / "postgres.log", free_port(), durable=True)
    mail = MailboxServer(folder / "mailbox", folder / "mailbox.log", free_port(), free_port())
    parts = {
        "broker": Part("broker", lambda: kafka.launch(how)),
        "database": Part("database", lambda: postgres.launch(how)),
        "mailbox": Part("mailbox", lambda: mail.launch(how)),
    }
    for part in parts.values():
        ending.callback(part.kill)
        part.start()
    for name, server in (("mailbox", mail), ("database", postgres), ("broker", kafka)):
        running = parts[name].running
        assert running is not None
        server.await_ready(running)
    backends = Backends(
        kafka.bootstrap, postgres.admin_url, "127.0.0.1", mail.smtp_port, mail.client.url
    )
    system = System(backends, folder / "system", prefix="chaos.", database_prefix="chaos_")
    for name in SERVICE_NAMES:
        parts[name] = Part(name, lambda name=name: system.start(name))  # type: ignore[misc]
        ending.callback(parts[name].kill)
    return Town(system, backends, mail.client, parts, folder, postgres, kafka)
