"""An account that was merged is merged on: the two are heard in any order, or at the same time."""

import asyncio
from typing import Any
from uuid import UUID, uuid4

import pytest

from epep_access.people import PEOPLE
from epep_events.identity import AccountsMerged
from epep_runtime.testing import eventually

pytestmark = pytest.mark.servers
MERGED_INTO = "SELECT merged_into FROM known_people WHERE account_id = $1"
WAITS = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted AND pid = $1"


def merger(old: UUID, kept: UUID) -> AccountsMerged:
    return AccountsMerged(account_id=old, into_account_id=kept, authority_code="330", why="Twice")


@pytest.mark.parametrize("later", [0, 1], ids=["the first later", "the second later"])
async def test_two_mergers_at_the_same_time_both_count(world: Any, later: int) -> None:
    """Two partitions are handled side by side: in a rebuild, and by several workers."""
    pool, accounts = world.service.process.pool, [uuid4() for _ in range(3)]
    first, second, last = accounts
    for each in accounts:
        await pool.execute(
            "INSERT INTO known_people (account_id, name, email, search) VALUES ($1, '', '', '')",
            each,
        )
    mergers = [merger(first, second), merger(second, last)]
    mark: Any = None
    merge = PEOPLE.handles[AccountsMerged]
    async with pool.acquire() as one, pool.acquire() as other:
        before, after = one.transaction(), other.transaction()
        await before.start()
        await after.start()
        pid = await other.fetchval("SELECT pg_backend_pid()")
        await merge(one, mergers[1 - later], mark)
        task = asyncio.ensure_future(merge(other, mergers[later], mark))

        async def is_done_or_waits() -> bool:
            return task.done() or bool(await pool.fetchval(WAITS, pid))

        await eventually(is_done_or_waits)
        await before.commit()
        await task
        await after.commit()
    assert [await pool.fetchval(MERGED_INTO, each) for each in accounts] == [last, last, None]


async def test_children_go_to_the_account_that_the_person_has_in_the_end(world: Any) -> None:
    teacher = ("330", "designated_teacher")
    first, second, last = [await world.person("Thea Thrice", teacher) for _ in range(3)]
    child = await world.child("330", (first, "designated_teacher"))
    pool, say = world.service.process.pool, world.service.others.say
    await say("identity", f"account-{second}", merger(second, last), authority="330")

    async def known() -> bool:
        return bool(await pool.fetchval(MERGED_INTO, second) == last)

    await eventually(known)
    await say("identity", f"account-{first}", merger(first, second), authority="330")
    holding = (
        "SELECT account_id FROM access_relations() WHERE child_id = $1 AND account_id = ANY($2)"
        " AND since <= now() AND (until IS NULL OR until > now())"
    )

    async def followed() -> bool:
        found = await pool.fetch(holding, child, [first, second, last])
        return [row["account_id"] for row in found] == [last]

    await eventually(followed)
