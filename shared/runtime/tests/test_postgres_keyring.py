"""The keyring in PostgreSQL: apart from the events, worth nothing without the master key, final."""

import asyncio
import base64
import os
import sys
from collections.abc import AsyncIterator
from uuid import UUID, uuid4

import asyncpg
import pytest
import pytest_asyncio
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from epep_local.backends import Backends
from epep_local.databases import create_database, drop_database, url_for
from epep_runtime.migrations import RUNTIME_SQL, find, migrate
from epep_runtime.postgres_keyring import (
    KeyringError,
    PostgresKeyring,
    keyring_migrations,
    master_key,
)
from epep_runtime.testing import eventually

pytestmark = pytest.mark.servers
MASTER = os.urandom(32)
NONCE = b"\0" * 12
WRAPPED = "SELECT wrapped FROM subject_keys WHERE subject = $1::text::uuid"
MAKES_ONE = """
import asyncio, base64, sys
from epep_runtime.postgres_keyring import PostgresKeyring, master_key
url, master, *subjects = sys.argv[1:]
async def make():
    keyring = PostgresKeyring(url, master_key(master))
    await keyring.check()
    print("ready", flush=True)
    sys.stdin.readline()
    for subject in subjects:
        key = (await keyring.keys_for([subject], create=True))[subject]
        print(base64.b64encode(key.encrypt(bytes(12), b"Amira", None)).decode(), flush=True)
    await keyring.close()
asyncio.run(make())
"""


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def url(backends: Backends) -> AsyncIterator[str]:
    """A keyring's database as an installation has it: owned by a role of its own."""
    name = f"keyring_{uuid4().hex[:8]}"
    made = await create_database(backends.postgres_admin_url, name, name, "pass-of-the-keyring")
    await migrate(made, keyring_migrations())
    yield made
    await drop_database(backends.postgres_admin_url, name, role=name)


@pytest_asyncio.fixture(loop_scope="session")
async def keyring(url: str) -> AsyncIterator[PostgresKeyring]:
    made = PostgresKeyring(url, MASTER)
    yield made
    await made.close()


@pytest_asyncio.fixture(loop_scope="session")
async def another(url: str) -> AsyncIterator[PostgresKeyring]:
    """The same keyring, as another process has it."""
    made = PostgresKeyring(url, MASTER)
    yield made
    await made.close()


@pytest_asyncio.fixture(loop_scope="session")
async def table(url: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(url)
    yield connection
    await connection.close()


async def key_of(keyring: PostgresKeyring, subject: str) -> AESGCM:
    key = (await keyring.keys_for([subject], create=True))[subject]
    assert key
    return key


async def test_its_role_cannot_enter_the_events_and_the_services_cannot_enter_it(
    url: str, backends: Backends
) -> None:
    name, admin = f"events_{uuid4().hex[:8]}", backends.postgres_admin_url
    events = await create_database(admin, name, name, "pass-of-the-service")
    try:
        await migrate(events, find("runtime", RUNTIME_SQL))
        of_keyring = url.rpartition("/")[2]
        for database, role, password in (
            (name, of_keyring, "pass-of-the-keyring"),
            (of_keyring, name, "pass-of-the-service"),
        ):
            with pytest.raises(asyncpg.InsufficientPrivilegeError, match="CONNECT"):
                await asyncpg.connect(url_for(admin, database, role, password))
    finally:
        await drop_database(admin, name, role=name)


async def test_a_key_is_stored_wrapped_and_another_master_key_opens_none(
    url: str, keyring: PostgresKeyring, table: asyncpg.Connection
) -> None:
    subject = str(uuid4())
    key = await key_of(keyring, subject)
    raw = (await keyring.raw_keys([subject]))[subject]
    assert raw
    assert AESGCM(raw).encrypt(NONCE, b"x", None) == key.encrypt(NONCE, b"x", None)
    stored = await table.fetchval(WRAPPED, subject)
    assert len(stored) == len(raw) + 8
    assert raw not in stored
    stranger = PostgresKeyring(url, os.urandom(32))
    try:
        for refused in (stranger.check(), stranger.keys_for([subject])):
            with pytest.raises(KeyringError, match="EPEP_KEYRING_MASTER_KEY is not the one"):
                await refused
    finally:
        await stranger.close()


@pytest.mark.parametrize("text", ["", "not base64", base64.b64encode(b"short").decode()])
def test_a_master_key_of_another_form_is_refused(text: str) -> None:
    with pytest.raises(KeyringError, match="32 random bytes in base64"):
        master_key(text)


async def test_a_database_without_tables_is_no_keyring(backends: Backends) -> None:
    name = f"empty_{uuid4().hex[:8]}"
    nothing = PostgresKeyring(await create_database(backends.postgres_admin_url, name), MASTER)
    try:
        with pytest.raises(KeyringError, match="run `migrate` first"):
            await nothing.check()
    finally:
        await nothing.close()
        await drop_database(backends.postgres_admin_url, name)


async def test_destroying_is_final(
    keyring: PostgresKeyring, another: PostgresKeyring, table: asyncpg.Connection
) -> None:
    subject, never = str(uuid4()), str(uuid4())
    await key_of(keyring, subject)
    raw = (await keyring.raw_keys([subject]))[subject]
    assert await keyring.destroy(subject)
    assert not await keyring.destroy(subject), "it had been done before"
    assert await keyring.destroy(never), "who had no key can have none afterwards"
    for each in (keyring, another):
        found = await each.keys_for([subject, never], create=True)
        assert found == {subject: None, never: None}
    await keyring.take({subject: raw})  # it comes back with an old export
    assert (await keyring.raw_keys([subject])) == {subject: None}
    for tampering in (
        "UPDATE subject_keys SET wrapped = 'x', destroyed_at = NULL WHERE subject = $1",
        "UPDATE subject_keys SET subject = gen_random_uuid() WHERE subject = $1",
        "DELETE FROM subject_keys WHERE subject = $1",
    ):
        with pytest.raises(asyncpg.RaiseError, match="a destroyed key stays destroyed"):
            await table.execute(tampering, UUID(subject))
    with pytest.raises(asyncpg.RaiseError, match="a destroyed key stays destroyed"):
        await table.execute("TRUNCATE subject_keys")


async def test_a_destroyed_keys_bytes_are_in_no_page_of_the_table(
    keyring: PostgresKeyring, backends: Backends, url: str
) -> None:
    """VACUUM clears them, so that a copy of the files made afterwards has them not."""
    subject = str(uuid4())
    await key_of(keyring, subject)
    admin = await asyncpg.connect(url_for(backends.postgres_admin_url, url.rpartition("/")[2]))
    try:
        wrapped = await admin.fetchval(WRAPPED, subject)

        async def in_the_file() -> bool:
            await admin.execute("CHECKPOINT")
            path = await admin.fetchval("SELECT pg_relation_filepath('subject_keys')")
            return wrapped in await admin.fetchval("SELECT pg_read_binary_file($1)", path)

        assert await in_the_file()
        await keyring.destroy(subject)
        assert not await in_the_file()
    finally:
        await admin.close()


async def test_two_processes_that_make_a_key_at_once_get_the_same(url: str) -> None:
    subjects = [str(uuid4()) for _ in range(40)]
    command = [sys.executable, "-c", MAKES_ONE, url, base64.b64encode(MASTER).decode(), *subjects]
    pipe = asyncio.subprocess.PIPE
    makers = [
        await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe) for _ in range(2)
    ]
    for each in makers:
        assert each.stdout
        assert await each.stdout.readline() == b"ready\n"
    said = await asyncio.gather(*(each.communicate(b"go\n") for each in makers))
    first, second = [out.split() for out, _ in said]
    assert len(set(first)) == len(subjects)
    assert first == second


async def test_a_key_destroyed_elsewhere_is_dropped_from_memory_at_once(
    keyring: PostgresKeyring, another: PostgresKeyring, table: asyncpg.Connection
) -> None:
    subject = str(uuid4())
    sealed = (await key_of(keyring, subject)).encrypt(NONCE, b"Amira", None)

    async def kept() -> bool:
        """Whether it is answered from memory: nobody else has used the table meanwhile."""
        await another.keys_for([subject])
        return bool(another._cache.find([subject])[0])

    await eventually(kept)
    assert await keyring.destroy(subject)
    assert await keyring.keys_for([subject]) == {subject: None}

    async def gone() -> bool:
        return await another.keys_for([subject]) == {subject: None}

    await eventually(gone, 30)  # long before the minute that a key is kept
    other = await key_of(another, str(uuid4()))
    with pytest.raises(InvalidTag):
        other.decrypt(NONCE, sealed, None)


async def test_while_it_cannot_hear_of_destroyed_keys_it_keeps_none(
    keyring: PostgresKeyring, another: PostgresKeyring, backends: Backends, url: str
) -> None:
    subject = str(uuid4())
    await key_of(keyring, subject)

    async def kept() -> bool:
        await another.keys_for([subject])
        return bool(another._cache.find([subject])[0])

    await eventually(kept)
    admin = await asyncpg.connect(url_for(backends.postgres_admin_url, url.rpartition("/")[2]))
    try:
        name = await admin.fetchval("SELECT current_database()")
        await admin.execute(f'ALTER DATABASE "{name}" CONNECTION LIMIT 0')
        await admin.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND query LIKE 'LISTEN%'"
        )

        async def deaf() -> bool:
            return len(another._cache) == 0

        await eventually(deaf, 30)
    finally:
        await admin.execute(f'ALTER DATABASE "{name}" CONNECTION LIMIT -1')
        await admin.close()
    assert await keyring.destroy(subject)
    assert await another.keys_for([subject]) == {subject: None}
    await eventually(kept, 30)  # it hears again
