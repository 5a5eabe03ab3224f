"""The servers of `make up`: found if they run, else started; stopped in the right order."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from epep_local import containers
from epep_local.backends import (
    KAFKA_ADDRESS,
    MAILBOX_ADDRESS,
    POSTGRES_ADDRESS,
    SMTP_ADDRESS,
    Backends,
    Source,
    kafka_access,
    smtp_address,
    sources,
)
from epep_local.kafka import Kafka
from epep_local.mailbox_process import MailboxServer
from epep_local.places import cache_folder
from epep_local.ports import require_free
from epep_local.postgres import STOP, Postgres
from epep_local.problem import LocalError
from epep_local.processes import Launch, Running, recall, remember
from epep_local.services import SERVICES
from epep_local.voice import Voice

_SERVER_PORTS = {
    "mailbox": 8401, "postgres": 8420, "kafka": 8421, "kafka_controller": 8422,
    "mailbox_smtp": 8425,
}  # fmt: skip
SERVERS = ("mailbox", "kafka", "postgres")  # in the order in which they are stopped


def port_setting(name: str) -> str:
    """The environment variable that moves a port."""
    return f"EPEP_{name.upper()}_PORT"


def chosen_ports(state: Path, environment: Mapping[str, str]) -> dict[str, int]:
    """Every port by name: from the environment, else as last time, else the usual one."""
    usual = _SERVER_PORTS | {one.name: one.port for one in SERVICES}
    try:
        before = json.loads((state / "ports.json").read_text("utf-8"))
    except (OSError, ValueError):
        before = {}
    wanted = {name: environment.get(port_setting(name)) or before.get(name) for name in usual}
    return {name: _number(name, wanted[name] or port) for name, port in usual.items()}


def _number(name: str, value: str | int) -> int:
    if not str(value).isdigit() or not 0 < int(value) < 65536:
        raise LocalError(f"{port_setting(name)}={value} is not the number of a port.")
    return int(value)


@dataclass(frozen=True)
class Machine:
    """Kafka, PostgreSQL and the mailbox under the state folder."""

    state: Path
    ports: Mapping[str, int]
    voice: Voice
    environment: Mapping[str, str]

    def start(self, started: ExitStack) -> Backends:
        """Start what doesn't run and wait for it; `started` can take back what this call began.

        Raises LocalError.
        """
        chosen = sources(self.environment, containers.docker_answers)
        waits = [
            self._kafka(chosen["kafka"], started),
            self._postgres(chosen["postgres"], started),
            self._mail(chosen["mail"], started),
        ]
        for text, wait in (each for each in waits if each):
            with self.voice.step(text):
                wait()
        (self.state / "ports.json").write_text(json.dumps(dict(self.ports)), "utf-8")
        return self.backends()

    def backends(self) -> Backends:
        """Where the servers are, whether or not they run now."""
        chosen = sources(self.environment, containers.docker_answers)
        given, local = self.environment, Source.LOCAL
        port, admin_url = self._port("kafka"), given.get(POSTGRES_ADDRESS, "")
        if chosen["postgres"] is local:
            admin_url = self._postgres_server().admin_url
        elif chosen["postgres"] is Source.CONTAINER:
            admin_url = containers.kept_postgres_url(self.state, self.ports["postgres"])
        kafka = given.get(KAFKA_ADDRESS) or f"127.0.0.1:{port}"
        if chosen["mail"] is Source.ADDRESS:
            host, smtp = smtp_address(given[SMTP_ADDRESS])
            mailbox = given.get(MAILBOX_ADDRESS)
        else:
            host, smtp = "127.0.0.1", self.ports["mailbox_smtp"]
            mailbox = f"http://localhost:{self._port('mailbox')}"
        access = kafka_access(given)
        return Backends(kafka, admin_url, host, smtp, mailbox, kafka_access=access)

    def running(self, name: str) -> Running | None:
        """The server's process, if it runs."""
        return recall(self.state / "run", name)

    def stop(self) -> None:
        """End the servers: the mailbox, then Kafka, then PostgreSQL; containers too."""
        for name in SERVERS:
            running = self.running(name)
            if running:
                with self.voice.step(f"Stopping {_TITLES[name]}"):
                    running.stop(*_STOPS[name])
        containers.stop_kept()

    def _port(self, name: str) -> int:
        running = self.running(name)
        return running.port if running else self.ports[name]

    def _log(self, name: str) -> Path:
        return self.state / "logs" / f"{name}.log"

    def _postgres_server(self) -> Postgres:
        return Postgres(self.state / "postgres", self._log("postgres"), self._port("postgres"))

    def _begin(
        self,
        name: str,
        launch: Callable[[Launch], Running],
        started: ExitStack,
        *ports: str,
    ) -> Running | None:
        if self.running(name):
            self.voice.say(f"Already running: {_TITLES[name]}")
            return None
        for port in ports:
            require_free(self.ports[port], _TITLES[name], port_setting(port))
        running = launch(Launch(tethered=False))
        started.callback(running.stop, *_STOPS[name])
        remember(self.state / "run", running)
        return running

    def _kafka(self, source: Source, started: ExitStack) -> _Wait:
        if source is Source.ADDRESS:
            return None
        if source is Source.CONTAINER:
            port = self.ports["kafka"]
            return "Starting Kafka in a container", lambda: containers.keep_kafka(port)
        server = Kafka(
            self.state / "kafka", cache_folder(), self._log("kafka"),
            self.ports["kafka"], self.ports["kafka_controller"], self.voice.say,
        )  # fmt: skip
        running = self._begin("kafka", server.launch, started, "kafka", "kafka_controller")
        return ("Starting Apache Kafka", lambda: server.await_ready(running)) if running else None

    def _postgres(self, source: Source, started: ExitStack) -> _Wait:
        if source is Source.ADDRESS:
            return None
        if source is Source.CONTAINER:
            port = self.ports["postgres"]
            wait = lambda: containers.keep_postgres(self.state, port)  # noqa: E731
            return "Starting PostgreSQL in a container", wait
        server = self._postgres_server()
        running = self._begin("postgres", server.launch, started, "postgres")
        return ("Starting PostgreSQL", lambda: server.await_ready(running)) if running else None

    def _mail(self, source: Source, started: ExitStack) -> _Wait:
        if source is Source.ADDRESS:
            return None
        place, log = self.state / "mailbox", self._log("mailbox")
        server = MailboxServer(place, log, self.ports["mailbox_smtp"], self.ports["mailbox"])
        running = self._begin("mailbox", server.launch, started, "mailbox", "mailbox_smtp")
        return ("Starting the mailbox", lambda: server.await_ready(running)) if running else None


_Wait = tuple[str, Callable[[], None]] | None
_TITLES = {"kafka": "Apache Kafka", "postgres": "PostgreSQL", "mailbox": "the mailbox"}
_STOPS = {
    "kafka": (signal.SIGTERM, 30),
    "postgres": (STOP, 30),
    "mailbox": (signal.SIGTERM, 10),
}


def machine(state: Path, voice: Voice) -> Machine:
    """This machine's servers, as the environment asks."""
    return Machine(state, chosen_ports(state, os.environ), voice, os.environ)
