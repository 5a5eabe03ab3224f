"""A forgotten WHERE shows nothing: the checks are gone, the database still keeps authorities apart.

On a database that a plain role owns, as in production: a superuser is above row security.
"""

import asyncio
from collections.abc import AsyncIterator
from contextvars import copy_context
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest
import pytest_asyncio

from epep_events.contexts import catalog
from epep_events.envelope import Actor
from epep_events.pep import PEPSubmitted
from epep_local.databases import create_database, drop_database
from epep_runtime.event_store import Cause, EventStore
from epep_runtime.migrations import migrate
from epep_runtime.postgres import Pool, open_pool
from epep_runtime.postgres_keyring import PostgresKeyring
from epep_runtime.row_security import SEEN
from epep_runtime.together import Together
from pep_service.main import SERVICE
from pep_service.reactions import merged, merged_standins

pytestmark = pytest.mark.servers
NOW = datetime(2026, 11, 23, tzinfo=UTC)
OURS, THEIRS = UUID(int=1), UUID(int=2)


CARD = """
INSERT INTO pep_cards (pep_id, child_id, version, kind_label, variant, profile_code,
                       profile_version, initiated_at, initiated_on, scheduled, confirmed, completed,
                       submitted, returned{0})
VALUES ($1, $1, 1, 'k', 'school_age', $2, 1, $3, $3::timestamptz::date, false, false, '{{}}',
        false, false{1})
"""
BEGUN = CARD.format(", authority", ", $2")


async def _fill(pool: Pool, child: UUID, code: str) -> None:
    """Put a child of an authority into every table, as the machinery does: it speaks for nobody."""
    say = pool.execute
    await say("INSERT INTO access_children VALUES ($1, $2)", child, code)
    await say(
        "INSERT INTO children (child_id, authority, social_care_id, date_of_birth, registered_at)"
        " VALUES ($1, $2, 'C1', $3::timestamptz::date, $3)",
        child,
        code,
        NOW,
    )
    await say(
        "INSERT INTO home (child_id, authority, number, sort_key, search_key)"
        " VALUES ($1, $2, '1', 'a', 'a')",
        child,
        code,
    )
    await say(
        "INSERT INTO access_people (child_id, account_id, role, since) VALUES ($1, $1, 'iro', $2)",
        child,
        NOW,
    )
    await say(BEGUN, child, code, NOW)
    await say("INSERT INTO access_settings VALUES ($1, '900001', $2, NULL)", child, NOW)
    await say(
        "INSERT INTO readings VALUES ($1, $2, $1, 'iro', 'allocated', 'child.read', $3)",
        uuid4(),
        child,
        NOW,
    )
    await say(
        "INSERT INTO change_log VALUES ($1, $2, 1, 'T', $3, NULL, 'w', NULL, 'r', 's', 'w', '[]')",
        uuid4(),
        NOW,
        child,
    )
    await say(
        "INSERT INTO carer_requests (request_id, child_id, authority, name, email, relation,"
        " asked_at) VALUES ($1, $2, $3, 'n', 'e', 'carer', $4)",
        uuid4(),
        child,
        code,
        NOW,
    )


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def pool(backends: Any) -> AsyncIterator[Pool]:
    """A database of pep-service owned by a plain role, with a child in each of two authorities."""
    name = f"test_rows_{uuid4().hex[:12]}"
    url = await create_database(backends.postgres_admin_url, name, name, "made-up")
    await migrate(url, SERVICE.all_migrations())
    opened = await open_pool(url, 2)
    await _fill(opened, OURS, "330")
    await _fill(opened, THEIRS, "998")
    yield opened
    await opened.close()
    await drop_database(backends.postgres_admin_url, name, name)


TABLES = (
    "children",
    "home",
    "readings",
    "pep_cards",
    "change_log",
    "carer_requests",
    "access_people",
    "access_settings",
    "access_relations()",
)


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize(("seen", "found"), [({"330"}, {OURS}), (set(), set())])
async def test_a_query_without_a_where_shows_one_authority(
    pool: Pool, table: str, seen: set[str], found: set[UUID]
) -> None:
    before = SEEN.set(frozenset(seen))
    try:
        rows = await pool.fetch(f"SELECT child_id FROM {table}")
    finally:
        SEEN.reset(before)
    assert {row["child_id"] for row in rows} == found


async def test_the_check_alone_looks_across_authorities_and_leaves_nothing_open(pool: Pool) -> None:
    before = SEEN.set(frozenset({"998"}))
    try:
        async with pool.acquire() as connection:
            for _ in range(2):
                found = await connection.fetchval("SELECT relations_between($1, $1)", OURS)
                assert found == ["iro allocated"]
                where = await connection.fetchval("SELECT authorities_of_children_of($1)", OURS)
                assert where == ["330"]
                home = await connection.fetch("SELECT * FROM children_of_person($1)", OURS)
                assert [tuple(row) for row in home] == [(OURS, "330", ["iro allocated"])]
                rows = await connection.fetch("SELECT child_id FROM access_relations()")
                assert {row["child_id"] for row in rows} == {THEIRS}
    finally:
        SEEN.reset(before)


async def test_the_machinery_sees_all_on_the_same_connections(pool: Pool) -> None:
    rows = await pool.fetch("SELECT child_id FROM children")
    assert {row["child_id"] for row in rows} == {OURS, THEIRS}


async def test_nothing_is_written_into_another_authority(pool: Pool) -> None:
    before = SEEN.set(frozenset({"330"}))
    try:
        changed = await pool.execute("UPDATE children SET first_name = 'x'")
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await pool.execute("UPDATE children SET authority = '998'")
    finally:
        SEEN.reset(before)
    assert changed == "UPDATE 1"


async def test_no_event_of_another_authority_is_appended_beside_those_who_may(
    pool: Pool, keyring: PostgresKeyring
) -> None:
    """Appends go to the database together, but only with those of whoever may see the same."""
    together = Together(pool, EventStore(catalog(), "pep", keyring))

    def one(key: UUID, seen: set[str] | None, authority: str) -> asyncio.Task[int]:
        context = copy_context()
        context.run(SEEN.set, None if seen is None else frozenset(seen))
        event = PEPSubmitted(pep_id=key, child_id=key, profile_version=1)
        because = Cause(Actor(id="somebody", role="iro"), authority, uuid4())
        job = together.append(f"pep-{key}", 0, [event], because, about=key)
        return asyncio.get_running_loop().create_task(job, context=context)

    keys = [uuid4() for _ in range(4)]
    refused, *others = [
        one(keys[0], {"330"}, "998"),
        one(keys[1], {"330"}, "330"),
        one(keys[2], {"998"}, "998"),
        one(keys[3], None, "998"),
    ]
    assert await asyncio.gather(*others) == [1] * 3
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await refused
    found = await pool.fetch("SELECT stream_id FROM events")
    assert {row["stream_id"] for row in found} == {f"pep-{key}" for key in keys[1:]}


@pytest.mark.parametrize(
    "query", [merged.CHILDREN, merged_standins.DELEGATIONS, merged_standins.COVERS]
)
async def test_a_merge_asks_an_index_and_not_the_whole_log(pool: Pool, query: str) -> None:
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute("SET LOCAL enable_seqscan = off")  # few rows: it would be chosen
        plan = await connection.fetch(f"EXPLAIN {query}", uuid4())
    text = "\n".join(row[0] for row in plan)
    assert "events_giving_an_account" in text, text
    assert "Seq Scan on events" not in text, text


EVENT = """
INSERT INTO events (stream_id, stream_version, event_id, type, schema_version, occurred_at,
                    authority, actor_id, actor_role, correlation_id, data, previous_hash, hash)
VALUES ('pep-' || $1::uuid, 1, $1, 'PEPInitiated', 1, $2, '998', 'a', 'iro', $1,
        jsonb_build_object('child_id', $1), '', 'x')
"""


async def test_cards_from_before_are_of_the_authority_that_their_event_says(
    backends: Any,
) -> None:
    name = f"test_cards_{uuid4().hex[:12]}"
    url = await create_database(backends.postgres_admin_url, name, name, "made-up")
    everything = SERVICE.all_migrations()
    try:
        before = [each for each in everything if each.name != "0208_authority_of_a_pep.sql"]
        await migrate(url, before)
        connection = await asyncpg.connect(url)
        try:
            await connection.execute(EVENT, THEIRS, NOW)
            await connection.execute(CARD.format("", ""), THEIRS, "330", NOW)
            await migrate(url, everything)
            assert await connection.fetchval("SELECT authority FROM pep_cards") == "998"
        finally:
            await connection.close()
    finally:
        await drop_database(backends.postgres_admin_url, name, name)
