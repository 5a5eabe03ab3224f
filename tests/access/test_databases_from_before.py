"""A database from before people and profiles were shared is brought up to date where it stands."""

from importlib import import_module
from typing import Any

import asyncpg
import pytest

from epep_runtime.migrations import Migration, migrate

OWN_PEOPLE = {
    "pep": ("people", "people_roles", "profiles"),
    "meeting": ("people", "people_roles", "profiles"),
    "qa": ("people", "profiles"),
    "notification": ("people", "authorities"),
    "identity": ("accounts", "account_grants"),
}
SHARED = {"people", "profiles"}


def from_before(each: Migration) -> bool:
    """Tell whether a database of the release before this one has the migration."""
    number = int(each.name[:4])
    known = {"access": 1, "pep": 102, "notification": 2, "meeting": 1, "qa": 1, "identity": 1}
    if each.source in SHARED:
        return False
    return number <= known.get(each.source, 7)


@pytest.mark.servers
@pytest.mark.parametrize("name", sorted(OWN_PEOPLE))
async def test_its_own_read_models_go_and_the_shared_ones_begin_anew(
    name: str, database: Any
) -> None:
    service = import_module(f"{name}_service.main").SERVICE
    url = await database(name)
    everything = service.all_migrations()
    before = [each for each in everything if from_before(each)]
    await migrate(url, before)
    connection = await asyncpg.connect(url)
    try:
        for subscription in ("people", "profiles", "authorities", "accounts", "other"):
            await connection.execute(
                "INSERT INTO places (subscription, topic, partition, next_offset, publication)"
                " VALUES ($1, 't', 0, 9, 9)",
                subscription,
            )
        await migrate(url, everything)
        rows = await connection.fetch("SELECT subscription FROM places")
        left = {row["subscription"] for row in rows}
        tables = {
            row["relname"]
            for row in await connection.fetch("SELECT relname FROM pg_class WHERE relkind = 'r'")
        }
    finally:
        await connection.close()
    assert "other" in left
    assert "people" not in left
    assert tables.isdisjoint(OWN_PEOPLE[name])
    assert {"known_people", "known_roles"} <= tables
