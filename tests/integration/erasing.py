"""Erasing people in a whole system, and looking for what is left of them."""

from __future__ import annotations

import argparse
import asyncio
import re
import subprocess
import sys
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import orjson
from aiokafka import AIOKafkaConsumer
from browsing import code_mailed
from people import PASSWORD, Person
from pydantic import SecretStr
from searching import Search, tables_of

from epep_events.cloudevents import from_message
from epep_events.contexts import catalog
from epep_events.envelope import Recorded
from epep_events.sealed_fields import Keys, open_sealed, sealed_slots
from epep_local import plain_http
from epep_local.backends import Backends
from epep_local.services import SERVICES, service
from epep_local.system import System
from epep_runtime.chain import first_break
from epep_runtime.event_store import EventStore
from epep_runtime.keyring import Keyring
from epep_runtime.postgres import open_pool
from epep_runtime.postgres_keyring import PostgresKeyring, master_key
from epep_runtime.proof.auditor_keys import make_key_pair, opened_keys, read_key
from epep_runtime.proof.commands import add_proof_commands, run_proof
from epep_runtime.proof.folder import Export
from epep_runtime.rebuild import rebuild
from epep_runtime.service import Service
from epep_runtime.settings import Settings
from epep_runtime.subscriptions import Projector
from epep_runtime.topic_ends import ends_of
from identity_service.main import SERVICE as IDENTITY
from meeting_service.main import SERVICE as MEETING
from notification_service.main import SERVICE as NOTIFICATION
from pep_service.main import SERVICE as PEP
from qa_service.main import SERVICE as QA

ALL: tuple[Service, ...] = (PEP, MEETING, NOTIFICATION, QA, IDENTITY)
AT_ONCE = 6
WHY = "A court ordered it."
CSRF = re.compile(r'name="csrf_token" value="([^"]+)"')


def own(system: System, name: str, *arguments: str) -> str:
    """Run a command of a service, as `epepctl` does; return what it says."""
    done = subprocess.run(
        [sys.executable, "-m", service(name).module, *arguments],
        env=system.environment(name),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def own_here(system: System, name: str, *arguments: str) -> str:
    """Run a command about proof as `own` does, in this process: the service is loaded in it.

    Call it where no event loop runs.
    """
    made = next(each for each in ALL if each.name == name)
    told = system.environment(name)
    known = {key: told.get(f"EPEP_{key.upper()}") for key in Settings.model_fields}
    settings = Settings.model_validate({key: value for key, value in known.items() if value})
    parser = argparse.ArgumentParser()
    add_proof_commands(parser.add_subparsers(dest="command"))
    asked = parser.parse_args(arguments)
    migrations, projectors = made.all_migrations(), made.all_projectors()
    with redirect_stdout(StringIO()) as said:
        status = asyncio.run(run_proof(name, settings, migrations, projectors, asked))
    assert status == 0, said.getvalue()
    return said.getvalue()


async def everything_in_databases(system: System, values: list[str]) -> Search:
    """Look for the values in every table of every service."""
    search = Search(values)
    for one in SERVICES:
        for table, content in await tables_of(system.database_url(one.name)):
            search.look(f"{one.name} {table}", content)
    return search


async def shapes(system: System) -> dict[tuple[str, str], int]:
    """Return each stream's length by (service, stream); every chain of hashes must hold."""
    found: dict[tuple[str, str], int] = {}
    for one in ALL:
        connection = await asyncpg.connect(system.database_url(one.name))
        try:
            rows = await connection.fetch(
                "SELECT *, data::text AS text FROM events ORDER BY stream_id, stream_version"
            )
        finally:
            await connection.close()
        assert rows
        assert first_break(rows) is None
        found |= {(one.name, row["stream_id"]): row["stream_version"] for row in rows}
    return {key: version for key, version in found.items() if key[1] != "operations"}


def keyring_of(system: System) -> PostgresKeyring:
    """Return the system's keyring, as its services have it."""
    told = system.environment("pep")
    return PostgresKeyring(told["EPEP_KEYRING_URL"], master_key(told["EPEP_KEYRING_MASTER_KEY"]))


async def in_the_log(system: System, keyring: Keyring, stream: str) -> list[Recorded]:
    """Return a stream of pep-service's log as the service reads it."""
    pool = await open_pool(system.database_url("pep"), 1)
    try:
        return await EventStore(catalog(), "pep", keyring).read(pool, stream)
    finally:
        await pool.close()


async def in_the_topic(
    system: System, backends: Backends, keyring: Keyring, subject: str, stream: str
) -> list[Recorded]:
    """Return the stream's messages as any reader of the topic opens them."""
    consumer = AIOKafkaConsumer(**backends.broker.options())
    await consumer.start()
    try:
        ends = await ends_of(consumer, backends.broker, [f"{system.prefix}pep"])
        consumer.assign(list(ends))
        await consumer.seek_to_beginning(*ends)
        keys, found = await keyring.keys_for([subject]), []
        while [each for each in ends if await consumer.position(each) < ends[each]]:
            for messages in (await consumer.getmany(timeout_ms=500)).values():
                found += [
                    from_message(catalog(), message.headers, message.value, keys)
                    for message in messages
                    if message.key == stream.encode()
                ]
        return found
    finally:
        await consumer.stop()


def in_an_export(system: System, folder: Path, stream: str) -> list[dict[str, Any]]:
    """Export pep-service's log for an auditor; return the stream as only that auditor can."""
    private = folder / "auditor.key"
    make_key_pair(private)
    wanted = ("export", str(folder / "log"), "--why", WHY, "--keys-for", f"{private}.pub")
    own(system, "pep", *wanted)
    export = Export(folder / "log", "pep")
    raw = opened_keys(export.path / "keys.json", read_key(private, private=True))
    assert [key for key in raw.values() if key], "the others' keys go along"
    keys: Keys = dict.fromkeys((subject for subject, key in raw.items() if key is None), None)
    found = []
    for row in export.rows():
        if row["stream_id"] == stream:
            document = orjson.loads(row["text"])
            open_sealed(sealed_slots(document), row["event_id"], keys)
            found.append(document)
    return found


async def rows_that_differ(system: System) -> dict[str, int]:
    """Rebuild every read model that forgets, and count the rows that come out otherwise."""
    told = system.environment("pep")
    room = asyncio.Semaphore(AT_ONCE)

    async def differing(one: Service, projector: Projector) -> tuple[str, int]:
        settings = Settings(
            database_url=SecretStr(system.database_url(one.name)),
            kafka_bootstrap=told["EPEP_KAFKA_BOOTSTRAP"],
            topic_prefix=system.prefix,
            keyring_url=SecretStr(told["EPEP_KEYRING_URL"]),
            keyring_master_key=SecretStr(told["EPEP_KEYRING_MASTER_KEY"]),
        )
        async with room:
            quiet: Any = lambda *_: None  # noqa: E731
            made = await rebuild(one.name, settings, projector, quiet, only_compare=True)
        assert made.comparison
        return f"{one.name} {projector.name}", made.comparison.differing

    wanted = [(one, each) for one in ALL for each in one.all_projectors() if each.forget]
    assert len(wanted) > 5
    return dict(await asyncio.gather(*(differing(*each) for each in wanted)))


def portal_pages(person: Person, *paths: str) -> list[str]:
    """Log in at the portal, as a browser without scripts does, and return these pages' text."""
    home = person.system.url("portal")
    with plain_http.client(home, timeout=20) as client:
        client.headers["Origin"] = home

        def keep_cookies(_: httpx.Response) -> None:
            for cookie in client.cookies.jar:
                cookie.secure = False  # a browser takes localhost for safe, this client does not

        client.event_hooks = {"response": [keep_cookies]}

        def send(page: httpx.Response, **answers: str) -> httpx.Response:
            [token, *_] = CSRF.findall(page.text)
            said = {"csrf_token": token, **answers}
            return client.post(page.url, data=said, follow_redirects=True)

        before = len(person.mailbox.messages_to(person.email))
        asked = send(client.get("/log-in"), email=person.email, password=PASSWORD, next="")
        entered = send(asked, code=code_mailed(person, before))
        assert "My children" in entered.text, entered.text
        return [client.get(path).text for path in paths]
