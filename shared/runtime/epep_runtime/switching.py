"""Putting a rebuilt generation in the live one's place, in one transaction."""

import asyncio
import time

import asyncpg

from epep_events.operations import ReadModelRebuilt
from epep_runtime.event_store import Cause, EventStore
from epep_runtime.generations import Generation, RebuildError, fence_of, generations_of
from epep_runtime.news import tell_of_all
from epep_runtime.operations import hold_operations, say
from epep_runtime.places import Place, read_places
from epep_runtime.postgres import Connection, Pool
from epep_runtime.read_model_tables import LIVE, enforce, qualified, quoted, shape
from epep_runtime.subscriptions import Projector

STILL_SECONDS = 5.0
"""How long the switch waits for a batch of the live read model to end."""
CATCH_UP_SECONDS = 2.0
"""How long the live read model stands still for the rebuild to reach it."""
FIRST_LOCK_SECONDS, LAST_LOCK_SECONDS = 0.3, 2.0
"""How long readers may queue behind the switch; each try may take twice as long as the last.

The first is shorter than PostgreSQL's `deadlock_timeout`: where a page and the switch wait for
each other, it is the switch that gives way.
"""


class NotYetError(Exception):
    """The switch had to let others go first. Nothing has happened: try again."""


async def switch(
    pool: Pool,
    store: EventStore,
    projector: Projector,
    generation: Generation,
    cause: Cause,
    lock_seconds: float = FIRST_LOCK_SECONDS,
) -> bool:
    """Make a generation the live one; False when it is not being built any more.

    Its places become the live places as they are. None of them is behind the live one's, so no
    page goes back in time; and they say exactly what is in its tables, so nothing is lost or
    doubled. Raises NotYetError, and RebuildError when the live tables have changed their shape.
    """
    try:
        async with pool.acquire() as connection, connection.transaction():
            await _stand_still(connection, store, projector)
            await _until_level(pool, projector, generation)
            if not await _stop_building(connection, generation):
                return False
            old = await _swap(connection, projector, generation, lock_seconds)
            events = await _move_places(connection, old, generation)
            await tell_of_all(connection, projector)
            await say(
                connection,
                store,
                ReadModelRebuilt(
                    read_model=projector.name, generation=generation.number, events=events
                ),
                cause,
            )
    except (asyncpg.LockNotAvailableError, asyncpg.DeadlockDetectedError) as error:
        raise NotYetError(type(error).__name__) from error
    store.appended.set()
    return True


async def _stand_still(connection: Connection, store: EventStore, projector: Projector) -> None:
    """Let the live read model's batches end and no new one begin. Gives no transaction id yet."""
    await _lock_timeout(connection, STILL_SECONDS)
    await hold_operations(connection, store)
    await connection.execute(
        "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", fence_of(projector.name)
    )


async def _lock_timeout(connection: Connection, seconds: float) -> None:
    await connection.execute(
        "SELECT set_config('lock_timeout', $1, true)", f"{int(seconds * 1000)}ms"
    )


async def _until_level(pool: Pool, projector: Projector, generation: Generation) -> None:
    """Wait until the generation has reached the live places. Raises NotYetError."""
    live = await read_places(pool, projector.name)
    deadline = time.monotonic() + CATCH_UP_SECONDS
    while True:
        new = await read_places(pool, generation.subscription)
        if all(
            place.next_offset <= new.get(where, Place(0, 0)).next_offset
            for where, place in live.items()
        ):
            return
        if time.monotonic() > deadline:
            raise NotYetError("the live read model is ahead")
        await asyncio.sleep(0.01)


async def _stop_building(connection: Connection, generation: Generation) -> bool:
    """Take the generation's row: batches of the rebuild end, and no new one begins."""
    state = await connection.fetchval(
        "SELECT state FROM generations WHERE read_model = $1 AND number = $2 FOR UPDATE",
        generation.read_model,
        generation.number,
    )
    return bool(state == "building")


async def _swap(
    connection: Connection, projector: Projector, generation: Generation, lock_seconds: float
) -> Generation:
    """Move the live tables out and the generation's in; return what was live."""
    known = await generations_of(connection, projector.name)
    old = next(each for each in known if each.state == "live")
    tables = projector.tables
    if await shape(connection, LIVE, tables) != await shape(connection, generation.schema, tables):
        raise RebuildError(
            f"The tables of {projector.name} have changed since generation {generation.number} was"
            " begun. Rebuild it with --begin-again."
        )
    await connection.execute(f"CREATE SCHEMA {quoted(old.schema)}")
    await _lock_timeout(connection, lock_seconds)
    live = ", ".join(qualified(LIVE, table) for table in tables)
    await connection.execute(f"LOCK TABLE {live} IN ACCESS EXCLUSIVE MODE")
    for table in tables:
        await enforce(connection, generation.schema, table)
        for source, target in ((LIVE, old.schema), (generation.schema, LIVE)):
            await connection.execute(
                f"ALTER TABLE {qualified(source, table)} SET SCHEMA {quoted(target)}"
            )
    await connection.execute(f"DROP SCHEMA {quoted(generation.schema)}")
    return old


async def _move_places(connection: Connection, old: Generation, new: Generation) -> int:
    """Give places and parked streams to whom they belong now; return how far the places are."""
    moves = ((old.read_model, old.subscription), (new.subscription, new.read_model))
    for before, after in moves:
        for table in ("places", "parked_streams"):
            await connection.execute(
                f"UPDATE {table} SET subscription = $2 WHERE subscription = $1",  # noqa: S608
                before,
                after,
            )
    await connection.execute(
        "UPDATE places SET generation = $2 WHERE subscription = $1", new.read_model, new.number
    )
    await connection.execute(
        "UPDATE generations SET state = 'old' WHERE read_model = $1 AND number = $2",
        old.read_model,
        old.number,
    )
    await connection.execute(
        "UPDATE generations SET state = 'live', switched_at = now()"
        " WHERE read_model = $1 AND number = $2",
        new.read_model,
        new.number,
    )
    return int(
        await connection.fetchval(
            "SELECT coalesce(sum(next_offset), 0) FROM places WHERE subscription = $1",
            new.read_model,
        )
    )
