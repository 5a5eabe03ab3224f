"""Fixtures for every package: real Kafka and PostgreSQL, fresh databases, topics and mailbox.

Nothing starts until a test asks for it; all of it starts once per run. A test that uses any of
these is marked `servers`.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
import pytest_asyncio

from epep_local.backends import Backends, LocalPorts, start_for_tests
from epep_local.keys import secret_key
from epep_local.mailbox import Mailbox
from epep_local.places import cache_folder, ready
from epep_local.system import System

if TYPE_CHECKING:
    from epep_local.guarded import GuardedKafka
    from epep_local.traces import Traces
    from epep_runtime.language import Language
    from epep_runtime.postgres_keyring import PostgresKeyring

DatabaseFactory = Callable[..., Awaitable[str]]
TopicFactory = Callable[..., Awaitable[str]]


def pytest_configure() -> None:
    """Tell every service made in this process of a keyring, which `keyring_url` puts there.

    Examples that Hypothesis makes up have all the time in the world: on a busy machine anything
    may take longer than the fifth of a second that it grants otherwise. Tracebacks in logs are
    plain: to draw one with its local variables takes five seconds.
    """
    import structlog
    from hypothesis import HealthCheck, settings
    from structlog.dev import ConsoleRenderer, plain_traceback

    rendered = ConsoleRenderer(colors=False, exception_formatter=plain_traceback)
    structlog.configure(processors=[*structlog.get_config()["processors"][:-1], rendered])

    slow = [HealthCheck.too_slow]
    settings.register_profile("patient", deadline=None, suppress_health_check=slow)
    settings.load_profile("patient")
    os.environ["EPEP_KEYRING_MASTER_KEY"] = secret_key()
    os.environ["EPEP_KEYRING_URL"] = "postgresql://nowhere.invalid/keyring"


@pytest.fixture(scope="session")
def welsh(tmp_path_factory: pytest.TempPathFactory) -> Language:
    """A made-up Welsh for what services answer: each text stands in ⟦brackets⟧."""
    from epep_runtime.answer_texts import TEXTS
    from epep_runtime.made_up import made_up_language

    return made_up_language(TEXTS, tmp_path_factory.mktemp("cy"))


@pytest.fixture(scope="session")
def server_folder() -> Iterator[Path]:
    """A folder for this run's servers, removed at its end."""
    folder = Path(tempfile.mkdtemp(prefix="epep-test-"))
    folder.chmod(0o711)  # PostgreSQL may run as another user, who must pass through it
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def backends(server_folder: Path) -> Iterator[Backends]:
    """Kafka, PostgreSQL and a mail server: see `epep_local.backends` for which."""
    from epep_local.ports import free_port

    ports = LocalPorts(*(free_port() for _ in range(5)))
    started = start_for_tests(server_folder, ready(cache_folder()), ports, os.environ)
    try:
        yield started
    finally:
        started.stop()


@pytest.fixture(scope="session")
def kafka_bootstrap(backends: Backends) -> str:
    """Kafka's address, "host:port"."""
    return backends.kafka_bootstrap


@pytest.fixture(scope="session")
def guarded_kafka(server_folder: Path) -> Iterator[GuardedKafka]:
    """A Kafka of its own behind TLS, log-in and client certificates, as clusters have it."""
    from epep_local.guarded import guarded_kafka as prepared
    from epep_local.processes import Launch

    kafka = prepared(server_folder / "guarded", ready(cache_folder()))
    running = kafka.server.launch(Launch(tethered=True))
    try:
        kafka.server.await_ready(running)
        yield kafka
    finally:
        running.stop()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def keyring_url(backends: Backends) -> AsyncIterator[str]:
    """The database of the keys that this run's events are sealed with, told to all settings."""
    from epep_local.databases import create_database, drop_database
    from epep_runtime.migrations import migrate
    from epep_runtime.postgres_keyring import keyring_migrations

    name = f"test_keyring_{uuid4().hex[:12]}"
    url = await create_database(backends.postgres_admin_url, name)
    await migrate(url, keyring_migrations())
    before, os.environ["EPEP_KEYRING_URL"] = os.environ["EPEP_KEYRING_URL"], url
    yield url
    os.environ["EPEP_KEYRING_URL"] = before
    await drop_database(backends.postgres_admin_url, name)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def keyring(keyring_url: str) -> AsyncIterator[PostgresKeyring]:
    """The run's keyring, for tests that make an event store themselves."""
    from epep_runtime.postgres_keyring import PostgresKeyring, master_key

    made = PostgresKeyring(keyring_url, master_key(os.environ["EPEP_KEYRING_MASTER_KEY"]))
    yield made
    await made.close()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def database(
    backends: Backends,
    keyring_url: str,  # noqa: ARG001 - whoever has a database has a keyring in the settings
) -> AsyncIterator[DatabaseFactory]:
    """A factory: `await database()` is the URL of a fresh empty database.

    `await database("pep")` has that word in its name, and `like=url` is what it is a copy of.
    All are dropped at the end of the run.
    """
    from epep_local.databases import create_database, drop_database

    made: list[str] = []

    async def create(word: str = "db", like: str = "/template0") -> str:
        name = f"test_{word}_{uuid4().hex[:12]}"
        made.append(name)
        template = like.rpartition("/")[2]
        return await create_database(backends.postgres_admin_url, name, template=template)

    yield create
    for name in made:
        await drop_database(backends.postgres_admin_url, name)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def topics(backends: Backends) -> TopicFactory:
    """A factory: `prefix = await topics()` makes the five topics under a fresh prefix.

    `await topics("pep")` makes only `{prefix}pep`; `partitions=1` is for tests of order.
    """
    from epep_local.topics import CONTEXTS, create_topics

    async def create(*contexts: str, partitions: int = 6) -> str:
        prefix = f"t{uuid4().hex[:10]}."
        await create_topics(backends.broker, prefix, contexts or CONTEXTS, partitions)
        return prefix

    return create


@pytest_asyncio.fixture(loop_scope="session")
async def topic_prefix(topics: TopicFactory) -> str:
    """A fresh prefix with the five topics made, for one test."""
    return await topics()


@pytest.fixture(scope="session")
def mailbox(backends: Backends) -> Mailbox:
    """The mailbox that this run's mail ends in; skips with a mail server of one's own."""
    if backends.mailbox_url is None:
        pytest.skip("EPEP_SMTP is given without EPEP_MAILBOX_URL: mail can't be read here")
    return Mailbox(backends.mailbox_url)


@pytest.fixture(scope="session")
def traces() -> Iterator[Traces]:
    """What the spans of the services of `system` say, whichever test has them started first."""
    from epep_local.traces import collecting

    with collecting() as collected:
        yield collected


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def system(
    backends: Backends,
    server_folder: Path,
    traces: Traces,  # noqa: ARG001 - it must be there before the services are
) -> AsyncIterator[System]:
    """The six services, each its own process, with no data; everything ends with the run."""
    word = uuid4().hex[:10]
    made = System(
        backends, server_folder / "system", prefix=f"s{word}.", database_prefix=f"test_{word}_"
    )
    await made.create()
    try:
        made.migrate()
        made.start_all()
        made.wait_ready()
        made.wait_quiet()  # what each has said at its start is known to the others
        yield made
    finally:
        made.stop()
        await made.drop()
