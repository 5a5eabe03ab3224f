"""The six services as processes against given backends, for `make up` and for whole-system tests.

>>> system = System(backends, folder)
>>> await system.create()
>>> system.migrate(); system.start_all(); system.wait_ready()
>>> system.kill("pep"); system.start("pep"); system.wait_ready("pep")
>>> system.stop()
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import httpx

from epep_local import keys, plain_http
from epep_local.backends import Backends
from epep_local.databases import create_database, drop_database, url_for
from epep_local.ports import free_port
from epep_local.problem import LocalError
from epep_local.processes import Launch, Running, await_answer, await_ready, recall, remember
from epep_local.services import SERVICES, Service, service
from epep_local.topics import CONTEXTS, create_topics, delete_topics

MAIL_FROM = "ePEP <no-reply@epep.example>"


class System:
    """Starts, finds, kills and stops the services.

    `folder` keeps keys, logs and pid files; a System made later over the same folder finds the
    processes that still run. `ports` is {service name: port}, free ones when None. `prefix`
    begins every topic's name, `database_prefix` every database's and role's.
    """

    def __init__(
        self,
        backends: Backends,
        folder: Path,
        ports: Mapping[str, int] | None = None,
        *,
        prefix: str = "",
        database_prefix: str = "epep_",
        how: Launch | None = None,
    ) -> None:
        self.backends = backends
        self.folder = folder
        self.prefix = prefix
        self._database_prefix = database_prefix
        self._how = how or Launch(tethered=True)
        self._ports = dict(ports or {one.name: free_port() for one in SERVICES})

    def port(self, name: str) -> int:
        """The port on which the service listens or will listen."""
        running = self.running(name)
        return running.port if running else self._ports[service(name).name]

    def url(self, name: str) -> str:
        """The service's address. The portal's is the one in mails and cookies: localhost."""
        one = service(name)
        return f"http://{'localhost' if one.clients else '127.0.0.1'}:{self.port(name)}"

    def log(self, name: str) -> Path:
        """The file that the service writes its log to."""
        return self.folder / "logs" / f"{service(name).name}.log"

    def environment(self, name: str) -> dict[str, str]:
        """Everything the service is told: its own settings and nothing of another service."""
        one = service(name)
        told = {k: v for k, v in os.environ.items() if not k.startswith("EPEP_")}
        told |= self.backends.kafka_access
        told |= {
            "EPEP_DATABASE_URL": self.database_url(name),
            "EPEP_KAFKA_BOOTSTRAP": self.backends.kafka_bootstrap,
            "EPEP_TOPIC_PREFIX": self.prefix,
            "EPEP_HTTP_HOST": "127.0.0.1",
            "EPEP_HTTP_PORT": str(self.port(name)),
            "EPEP_ROLES": "all",
        }
        if one.events:
            told["EPEP_KEYRING_URL"] = self.keyring_url()
            path = self.folder / "secrets" / "keyring.master"
            told["EPEP_KEYRING_MASTER_KEY"] = keys.kept(path, keys.secret_key)
        if one.secret:
            path = self.folder / "secrets" / f"{one.name}.key"
            told["EPEP_SECRET_KEY"] = keys.kept(path, keys.secret_key)
        if one.links:
            told["EPEP_PORTAL_URL"] = self.url("portal")
        if one.mails:
            told["EPEP_SMTP_HOST"] = self.backends.smtp_host
            told["EPEP_SMTP_PORT"] = str(self.backends.smtp_port)
            told["EPEP_MAIL_FROM"] = MAIL_FROM
        if one.throttles:
            told["EPEP_TRUSTED_PROXIES"] = "127.0.0.1/32"
        return told | (self.addresses() if one.clients else {})

    def addresses(self) -> dict[str, str]:
        """The five services' addresses as settings, for what may reach them over HTTP."""
        return {one.url_setting: self.url(one.name) for one in SERVICES if not one.clients}

    def operator_environment(self) -> dict[str, str]:
        """For the demo, `epepctl` and `python -m identity_service`, run beside the services."""
        told = self.environment("identity") | self.addresses()
        told["EPEP_PORTAL_URL"] = self.url("portal")
        told["EPEP_MAILBOX_URL"] = self.backends.mailbox_url or ""
        return told

    def database_url(self, name: str) -> str:
        """The service's database, as its own role, which can enter no other."""
        database = self._database(name)
        return url_for(self.backends.postgres_admin_url, database, database, self._password(name))

    def keyring_url(self) -> str:
        """The database of the people's keys, as its own role; the services share it."""
        database = self._keyring
        return url_for(self.backends.postgres_admin_url, database, database, self._keyring_password)

    @property
    def _keyring(self) -> str:
        return f"{self._database_prefix}keyring"

    @property
    def _keyring_password(self) -> str:
        return keys.kept(self.folder / "secrets" / "keyring.database", keys.password)

    def _database(self, name: str) -> str:
        return f"{self._database_prefix}{service(name).name}"

    def _password(self, name: str) -> str:
        path = self.folder / "secrets" / f"{service(name).name}.database"
        return keys.kept(path, keys.password)

    async def create(self) -> None:
        """Make topics, databases and roles that aren't there yet. Raises LocalError."""
        await create_topics(self.backends.broker, self.prefix)
        for one in SERVICES:
            database = self._database(one.name)
            password = self._password(one.name)
            await create_database(
                self.backends.postgres_admin_url, database, database, password
            )  # fmt: skip
        await create_database(
            self.backends.postgres_admin_url, self._keyring, self._keyring, self._keyring_password
        )

    async def drop(self) -> None:
        """Remove the topics, databases and roles with all that is in them."""
        names = [f"{self.prefix}{context}" for context in CONTEXTS]
        await delete_topics(self.backends.broker, names)
        for one in SERVICES:
            database = self._database(one.name)
            await drop_database(self.backends.postgres_admin_url, database, role=database)
        await drop_database(self.backends.postgres_admin_url, self._keyring, role=self._keyring)

    def migrate(self, *names: str) -> None:
        """Bring the services' schemas up to date, all at once. Raises LocalError."""
        with ExitStack() as ending:
            under_way = []
            for one in _chosen(names):
                output = ending.enter_context(tempfile.TemporaryFile())
                process = subprocess.Popen(
                    [sys.executable, "-m", one.module, "migrate"],
                    env=self.environment(one.name),
                    stdout=output,
                    stderr=subprocess.STDOUT,
                )
                ending.enter_context(process)
                ending.callback(process.kill)
                under_way.append((one, process, output))
            for one, process, output in under_way:
                if process.wait() != 0:
                    output.seek(0)
                    text = output.read().decode("utf-8", "replace").strip()[-2000:]
                    raise LocalError(f"The database of {one.name} could not be migrated:\n{text}")

    def start(self, name: str) -> Running:
        """Start the service unless it runs. Call it from a thread that lasts (see `Launch`)."""
        one = service(name)
        found = self.running(name)
        if found:
            return found
        running = self._how.start(
            one.name,
            [sys.executable, "-m", one.module, "run"],
            log=self.log(name),
            port=self.port(name),
            environment=self.environment(name),
        )
        remember(self.folder / "run", running)
        return running

    def start_all(self) -> None:
        """Start every service that doesn't run."""
        for one in SERVICES:
            self.start(one.name)

    def running(self, name: str) -> Running | None:
        """The service's process, if it runs."""
        return recall(self.folder / "run", service(name).name)

    def wait_ready(self, *names: str, patience: float = 120) -> None:
        """Wait until the services (all, without names) say that they are ready.

        Raises LocalError with the end of the log of one that died or took too long.
        """
        for one in _chosen(names):
            running = self.running(one.name)
            if running is None:
                gone = Running(one.name, 0, 0, 0, self.log(one.name))
                raise LocalError(f"{one.name} is not running. {gone.last_words()}")
            await_ready(running, lambda one=one: self.health(one.name)[0], patience)  # type: ignore[misc]

    def wait_quiet(self, *names: str, patience: float = 120) -> None:
        """Wait until no subscription of the services (all, without names) lags behind.

        Each event may cause others, and an event is on its way for some milliseconds before a
        consumer knows of it, so it must hold five times in a row. Raises LocalError.
        """
        quiet = 0

        def settled() -> bool:
            nonlocal quiet
            quiet = quiet + 1 if all(self.lag(one.name) == 0 for one in _chosen(names)) else 0
            return quiet >= 5

        await_answer("The services, with events still on their way,", settled, patience)

    def health(self, name: str) -> tuple[bool, dict[str, object]]:
        """Whether the service is ready, and what `/readyz` said ({} when nothing)."""
        try:
            with plain_http.client(self.url(name), timeout=5) as client:
                answer = client.get("/readyz")
            body = answer.json()
        except (httpx.HTTPError, ValueError):
            return False, {}
        return answer.status_code == 200, body if isinstance(body, dict) else {}

    def lag(self, name: str) -> int | None:
        """How many events are on their way to or from the service; None when it is mute.

        The live board keeps a pace of its own, and says how old its numbers are: nobody waits.
        """
        late = behind(self.health(name)[1])
        return None if late is None else sum(events for what, events, _ in late if what != "board")

    def kill(self, name: str) -> None:
        """End the service as `kill -9` does."""
        running = self.running(name)
        if running:
            running.kill()

    def stop(self, *names: str) -> None:
        """End the services (all, without names) by SIGTERM, all at once, and wait for them."""
        found = [self.running(one.name) for one in _chosen(names)]
        with ThreadPoolExecutor() as pool:
            for ended in [pool.submit(running.stop) for running in found if running]:
                ended.result()


def behind(said: Mapping[str, object]) -> list[tuple[str, int, float]] | None:
    """From what `/readyz` said: (subscription or "relay", events, seconds); None if nothing.

    The portal follows no topic and so is behind nothing.
    """
    if not said:
        return None
    subscriptions, relay = said.get("subscriptions", []), said.get("relay")
    assert isinstance(subscriptions, list)
    found = [(one["name"], one.get("lag_events"), one.get("lag_seconds")) for one in subscriptions]
    if isinstance(relay, dict):
        found.append(("relay", relay.get("unsent_events"), relay.get("unsent_seconds")))
    return [(str(name), int(events or 0), float(age or 0)) for name, events, age in found]


def warnings(said: Mapping[str, object]) -> list[str]:
    """From what `/readyz` said: the sentences about what an operator should look at."""
    found = said.get("warnings", [])
    assert isinstance(found, list)
    return [str(each) for each in found]


def _chosen(names: tuple[str, ...]) -> list[Service]:
    return [service(name) for name in names] or list(SERVICES)
