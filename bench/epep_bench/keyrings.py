"""The keyring that everything here is sealed with, and documents as an event table has them."""

import os
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import orjson

from epep_bench.history import Said
from epep_bench.servers import Servers
from epep_events.sealed_fields import Keys, plan_of, seal, slots_to_seal
from epep_local.keys import secret_key
from epep_runtime.keyring import Keyring
from epep_runtime.migrations import migrate
from epep_runtime.postgres_keyring import PostgresKeyring, keyring_migrations, master_key


@asynccontextmanager
async def keyring(servers: Servers) -> AsyncIterator[PostgresKeyring]:
    """Make a keyring's database, and tell it to every service that is made in this process."""
    url, master = await servers.database("keyring"), secret_key()
    await migrate(url, keyring_migrations())
    told = {"EPEP_KEYRING_URL": url, "EPEP_KEYRING_MASTER_KEY": master}
    before = {name: os.environ.get(name) for name in told}
    os.environ.update(told)
    made = PostgresKeyring(url, master_key(master))
    try:
        yield made
    finally:
        await made.close()
        for name, value in before.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value


async def keys_of(ring: Keyring, histories: Sequence[Sequence[Said]]) -> Keys:
    """Return the keys of these children, made where there are none."""
    subjects = {str(said.child_id) for each in histories for said in each[:1]}
    return await ring.keys_for(subjects, create=True)


def document_of(said: Said, keys: Keys) -> bytes:
    """Return an event's document as it is stored and published: personal values sealed."""
    document = said.event.model_dump(mode="json")
    slots = slots_to_seal(plan_of(type(said.event)), document, str(said.child_id))
    seal(slots, said.meta.event_id, keys)
    return orjson.dumps(document)
