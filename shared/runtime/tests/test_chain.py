"""Whoever changes history is found out, with the event named."""

from typing import Any

import pytest
from counting import COUNTER, cause, submitted

from epep_runtime.chain import Break, first_break
from epep_runtime.event_store import EventStore
from epep_runtime.ids import new_id
from epep_runtime.postgres import Pool

pytestmark = pytest.mark.servers
ALL = "SELECT *, data::text AS text FROM events ORDER BY stream_id, stream_version"


async def some_history(pool: Pool, store: EventStore) -> str:
    key = new_id()
    async with pool.acquire() as connection:
        events = [submitted(key, f"Zoë’s {n} ½") for n in range(5)]
        await store.append(connection, COUNTER.stream(key), 0, events[:2], cause(), about=key)
        await store.append(connection, COUNTER.stream(key), 2, events[2:], cause(), about=key)
    return COUNTER.stream(key)


async def tamper(pool: Pool, statement: str, *values: Any) -> None:
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute("ALTER TABLE events DISABLE TRIGGER USER")
        await connection.execute(statement, *values)
        await connection.execute("ALTER TABLE events ENABLE TRIGGER USER")


async def test_what_was_appended_is_whole(pool: Pool, store: EventStore) -> None:
    for _ in range(3):
        await some_history(pool, store)
    assert first_break(await pool.fetch(ALL)) is None


@pytest.mark.parametrize(
    "statement",
    [
        """UPDATE events SET data = replace(data::text, 'section', 'station')::json WHERE""",
        "UPDATE events SET occurred_at = occurred_at + interval '1 microsecond' WHERE",
        "UPDATE events SET actor_id = 'somebody else' WHERE",
        "UPDATE events SET authority = NULL WHERE",
    ],
)
async def test_an_altered_event_is_named(pool: Pool, store: EventStore, statement: str) -> None:
    stream = await some_history(pool, store)
    await tamper(pool, f"{statement} stream_id = $1 AND stream_version = 3", stream)
    assert first_break(await pool.fetch(ALL)) == Break(stream, 3, "altered")


async def test_a_missing_event_is_named(pool: Pool, store: EventStore) -> None:
    stream = await some_history(pool, store)
    await tamper(pool, "DELETE FROM events WHERE stream_id = $1 AND stream_version = 4", stream)
    assert first_break(await pool.fetch(ALL)) == Break(stream, 4, "missing")


async def test_a_replaced_event_with_a_right_hash_of_its_own_is_found(
    pool: Pool, store: EventStore
) -> None:
    stream = await some_history(pool, store)
    await tamper(
        pool,
        "UPDATE events SET type = 'Other', hash = hash_of_event(previous_hash, stream_id,"
        " stream_version, event_id, 'Other', schema_version, occurred_at, authority, actor_id,"
        " actor_role, on_behalf_of, correlation_id, causation_id, data::text)"
        " WHERE stream_id = $1 AND stream_version = 2",
        stream,
    )
    found = first_break(await pool.fetch(ALL))
    assert found is not None
    assert found.stream_version == 3
