"""Who opened a record just before the service stopped is known afterwards."""

from uuid import uuid4

import asyncpg
import pytest
from pydantic import SecretStr

from epep_access.checking import Acting
from epep_access.readings import note_reading
from epep_local.testing import DatabaseFactory
from epep_runtime.migrations import migrate
from epep_runtime.service import running
from epep_runtime.tokens import Grant, Principal
from pep_service.main import SERVICE

pytestmark = pytest.mark.servers
WRITTEN = "SELECT data ->> 'part' AS part FROM events WHERE type = 'RecordOpened'"


async def test_a_service_that_stops_writes_who_opened_what(
    database: DatabaseFactory, kafka_bootstrap: str
) -> None:
    """Also when it is stopped before the quarter of a second after which it would have."""
    url = await database("pep")
    await migrate(url, SERVICE.all_migrations())
    settings = SERVICE.settings(
        database_url=SecretStr(url), kafka_bootstrap=kafka_bootstrap, roles="api"
    )
    person = Principal(uuid4(), "Zora Reader", frozenset({Grant("330", "social_worker")}), "s")
    acting = Acting(uuid4(), "330", frozenset({"social_worker"}), {"social_worker": "allocated"})
    async with running(SERVICE, settings) as process:
        for part in ("child.read", "child.change_log"):
            note_reading(process, person, acting, part)
    connection = await asyncpg.connect(url)
    try:
        written = await connection.fetch(WRITTEN)
    finally:
        await connection.close()
    assert sorted(row["part"] for row in written) == ["child.change_log", "child.read"]
