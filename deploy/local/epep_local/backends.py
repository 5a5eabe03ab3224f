"""Which Kafka, PostgreSQL and mail server are used: the only module that knows.

Each of the three is, in this order: the address in the environment (`EPEP_KAFKA_BOOTSTRAP`,
`EPEP_POSTGRES_ADMIN_URL`, `EPEP_SMTP` with `EPEP_MAILBOX_URL`); else a container, if
`EPEP_BACKEND=containers` and Docker answers; else the real server started on this machine.
"""

from __future__ import annotations

import signal
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any, Protocol

from epep_local import containers
from epep_local.kafka import Kafka
from epep_local.mailbox_process import MailboxServer
from epep_local.postgres import STOP, Postgres
from epep_local.problem import LocalError
from epep_local.processes import Launch, Running
from epep_runtime.broker import Broker, BrokerError, BrokerSettings

KAFKA_ADDRESS = "EPEP_KAFKA_BOOTSTRAP"
POSTGRES_ADDRESS = "EPEP_POSTGRES_ADMIN_URL"
SMTP_ADDRESS = "EPEP_SMTP"
MAILBOX_ADDRESS = "EPEP_MAILBOX_URL"


class Source(Enum):
    """Where a server comes from."""

    ADDRESS = "an address in the environment"
    CONTAINER = "a container"
    LOCAL = "a server on this machine"


class Server(Protocol):
    """A server on this machine: `Kafka`, `Postgres` or `MailboxServer`."""

    def launch(self, how: Launch) -> Running:
        """Start it without waiting."""

    def await_ready(self, running: Running) -> None:
        """Wait until it can be used."""


@dataclass
class Switch:
    """A local server that a test may take down and bring back, data kept, on the same port."""

    server: Server
    how: Launch
    ask: signal.Signals = signal.SIGTERM
    running: Running | None = None

    def start(self, wait: bool = True) -> None:
        """Bring it up, unless it is. Raises LocalError."""
        if self.running is None:
            self.running = self.server.launch(self.how)
        if wait:
            self.server.await_ready(self.running)

    def stop(self) -> None:
        """Take it down; who uses it finds nobody there."""
        if self.running:
            self.running.stop(self.ask)
            self.running = None


@dataclass(frozen=True)
class Backends:
    """What services and tests are told; `stop` ends what was started for it."""

    kafka_bootstrap: str  # "host:port"
    # Of a role that may create roles and databases; its password stays out of tracebacks.
    postgres_admin_url: str = field(repr=False)
    smtp_host: str
    smtp_port: int
    mailbox_url: str | None  # None with a mail server of one's own
    stop: Callable[[], None] = lambda: None
    # "kafka", "postgres", "mailbox": those that run on this machine for a test.
    switches: Mapping[str, Switch] = field(default_factory=dict, repr=False)
    # The other `EPEP_KAFKA_*` that the environment says of its Kafka: TLS, log-in.
    kafka_access: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def broker(self) -> Broker:
        """Kafka as clients reach it. Raises LocalError."""
        if not self.kafka_access:
            return Broker(self.kafka_bootstrap)
        access = self.kafka_access.items()
        told: dict[str, Any] = {name.removeprefix("EPEP_").lower(): v for name, v in access}
        try:
            broker = BrokerSettings(kafka_bootstrap=self.kafka_bootstrap, **told).broker()
            broker.options()
        except BrokerError as error:
            raise LocalError(str(error)) from error
        return broker


@dataclass(frozen=True)
class LocalPorts:
    """The ports of the servers on this machine."""

    postgres: int
    kafka: int
    kafka_controller: int
    mailbox: int
    smtp: int


def sources(
    environment: Mapping[str, str], docker_answers: Callable[[], bool]
) -> dict[str, Source]:
    """The choice for "kafka", "postgres" and "mail". Docker is asked only if containers are."""
    wanted = environment.get("EPEP_BACKEND") == "containers"
    other = Source.CONTAINER if wanted and docker_answers() else Source.LOCAL
    given = {"kafka": KAFKA_ADDRESS, "postgres": POSTGRES_ADDRESS, "mail": SMTP_ADDRESS}
    chosen = {n: Source.ADDRESS if environment.get(v) else other for n, v in given.items()}
    if chosen["mail"] is Source.CONTAINER:  # our mailbox is a small Python program
        chosen["mail"] = Source.LOCAL
    return chosen


def kafka_access(environment: Mapping[str, str]) -> dict[str, str]:
    """How the Kafka is reached whose address is in the environment; nothing without an address."""
    if not environment.get(KAFKA_ADDRESS):
        return {}
    names = {f"EPEP_{name.upper()}" for name in BrokerSettings.model_fields} - {KAFKA_ADDRESS}
    return {name: environment[name] for name in names & environment.keys()}


def smtp_address(text: str) -> tuple[str, int]:
    """`EPEP_SMTP` as host and port. Raises LocalError."""
    host, _, port = text.rpartition(":")
    if not host or not port.isdigit():
        raise LocalError(f"{SMTP_ADDRESS}={text} is not HOST:PORT, such as mail.example.org:25.")
    return host, int(port)


def start_for_tests(
    folder: Path,
    cache: Path,
    ports: LocalPorts,
    environment: Mapping[str, str],
    say: Callable[[str], None] = lambda _: None,
) -> Backends:
    """Start what must be started, tied to this process, with settings for tests (no fsync)."""
    chosen = sources(environment, containers.docker_answers)
    with ExitStack() as started:
        servers = _Servers(folder, cache, ports, environment, started, say, {})
        bootstrap = servers.kafka(chosen["kafka"])
        admin_url = servers.postgres(chosen["postgres"])
        host, port, mailbox = servers.mail(chosen["mail"])
        for switch in servers.switches.values():
            switch.start()  # they all started already, and are waited for here
        stop = started.pop_all().close
    access = kafka_access(environment)
    return Backends(bootstrap, admin_url, host, port, mailbox, stop, servers.switches, access)


@dataclass(frozen=True)
class _Servers:
    folder: Path
    cache: Path
    ports: LocalPorts
    environment: Mapping[str, str]
    started: ExitStack
    say: Callable[[str], None]
    switches: dict[str, Switch]

    def _begin(self, name: str, server: Server, ask: signal.Signals) -> None:
        switch = self.switches[name] = Switch(server, Launch(tethered=True), ask)
        switch.start(wait=False)
        self.started.callback(switch.stop)

    def kafka(self, source: Source) -> str:
        """The address."""
        if source is Source.ADDRESS:
            return self.environment[KAFKA_ADDRESS]
        if source is Source.CONTAINER:
            return containers.kafka(self.started)
        ports, log = (self.ports.kafka, self.ports.kafka_controller), self.folder / "kafka.log"
        server = Kafka(self.folder / "kafka", self.cache, log, *ports, say=self.say)
        self._begin("kafka", server, signal.SIGTERM)
        return server.bootstrap

    def postgres(self, source: Source) -> str:
        """The admin's URL."""
        if source is Source.ADDRESS:
            return self.environment[POSTGRES_ADDRESS]
        if source is Source.CONTAINER:
            return containers.postgres(self.started)
        place, log = self.folder / "postgres", self.folder / "postgres.log"
        server = Postgres(place, log, self.ports.postgres, durable=False)
        self._begin("postgres", server, STOP)
        return server.admin_url

    def mail(self, source: Source) -> tuple[str, int, str | None]:
        """SMTP host and port, and the URL of the mailbox where mail can be read."""
        if source is Source.ADDRESS:
            address = smtp_address(self.environment[SMTP_ADDRESS])
            return *address, self.environment.get(MAILBOX_ADDRESS)
        place, log = self.folder / "mailbox", self.folder / "mailbox.log"
        server = MailboxServer(place, log, self.ports.smtp, self.ports.mailbox)
        self._begin("mailbox", server, signal.SIGTERM)
        return "127.0.0.1", self.ports.smtp, server.client.url
