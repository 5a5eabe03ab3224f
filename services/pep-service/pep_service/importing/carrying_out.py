"""Carrying out imports: a worker of the service that brings one child after another up to date.

What is done is ticked off in the transaction that appends a child's events, so a worker that is
killed goes on where it was when it, or any other, runs again.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import asyncpg
import structlog

from epep_events.base import Event
from epep_events.envelope import Actor
from epep_runtime.event_store import Cause, EventStore, Loaded, VersionConflictError
from epep_runtime.language import _
from epep_runtime.postgres import DATABASE_AWAY, Connection, Pool
from epep_runtime.service import Running
from pep_service.children.child import CHILD, Child
from pep_service.children.following_care import UntoldEndError
from pep_service.children.updating import bring_up_to_date
from pep_service.importing.checking import ERASED_REASON
from pep_service.importing.csv_files import EPISODES
from pep_service.importing.knowing import erased_among, load_children
from pep_service.importing.problems import Problem
from pep_service.importing.staging import (
    Staged,
    StagedChild,
    add_problems,
    children_to_do,
    mark_done,
    staged,
)

log = structlog.get_logger()
AT_ONCE, LANES, TOGETHER = 120, 3, 20
LOOK_SECONDS = 0.5
FAULTS = (
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.TransactionRollbackError,
    *DATABASE_AWAY,
)
TRIES = 5


async def import_worker(running: Running) -> None:
    """Carry out imports that were started, one after another, until cancelled."""
    while True:
        try:
            worked = await carry_on(running.pool, running.store)
        except (*FAULTS, asyncpg.PostgresError) as error:
            log.warning("import interrupted, will go on", error=type(error).__name__)
            worked = False
        if not worked:
            await asyncio.sleep(LOOK_SECONDS)


async def carry_on(pool: Pool, store: EventStore) -> bool:
    """Carry out the oldest import under way; False where there is none that is free."""
    async with pool.acquire() as connection:
        for row in await connection.fetch(
            "SELECT import_id FROM imports WHERE state = 'importing' ORDER BY started_at"
        ):
            import_id: UUID = row["import_id"]
            key = f"import/{import_id}"
            if not await connection.fetchval(
                "SELECT pg_try_advisory_lock(hashtextextended($1, 2))", key
            ):
                continue
            try:
                found = await staged(connection, import_id)
                if found and found.state == "importing":
                    await _carry_out(pool, connection, store, found)
                    return True
            finally:
                await connection.execute(
                    "SELECT pg_advisory_unlock(hashtextextended($1, 2))", key
                )  # fmt: skip
    return False


async def _carry_out(pool: Pool, connection: Connection, store: EventStore, found: Staged) -> None:
    """Import all that is left to do; a defect ends the import as failed, to be run again."""
    log.info("import started", import_id=str(found.import_id), children=found.total - found.done)
    state, failure = "imported", None
    try:
        while children := await children_to_do(connection, found.import_id, AT_ONCE):
            await _carry_out_some(pool, connection, store, found, children)
    except FAULTS:
        raise
    except Exception as error:
        log.exception("import failed", import_id=str(found.import_id))
        state, failure = "failed", type(error).__name__
    await connection.execute(
        "UPDATE imports SET state = $2, failure = $3, ended_at = now() WHERE import_id = $1",
        found.import_id,
        state,
        failure,
    )
    log.info("import ended", import_id=str(found.import_id), state=state)


@dataclass(frozen=True, slots=True)
class Step:
    """One child, its state when it was loaded, and what must be appended."""

    told: StagedChild
    loaded: Loaded[Child]
    events: Sequence[Event]


async def _carry_out_some(
    pool: Pool,
    connection: Connection,
    store: EventStore,
    found: Staged,
    children: Sequence[StagedChild],
) -> None:
    erased = await erased_among(store, [each.child_id for each in children])
    ids = [each.child_id for each in children if each.child_id not in erased]
    known = await load_children(connection, store, ids)
    settled: list[int] = []
    steps: list[Step] = []
    for told in children:
        if told.child_id in erased:
            await _refuse(connection, found.import_id, told, _(ERASED_REASON))
            continue
        loaded = known.get(told.child_id) or Loaded(CHILD.initial, 0, ())
        try:
            events = bring_up_to_date(loaded.state, told.child_id, told.facts)
        except UntoldEndError as error:
            await _refuse(connection, found.import_id, told, error.detail)
            continue
        if events:
            steps.append(Step(told, loaded, events))
        else:
            settled.append(told.place)
    await mark_done(connection, found.import_id, settled)
    lanes = (append_all(pool, store, found, steps[lane::LANES]) for lane in range(LANES))
    for ended in await asyncio.gather(*lanes, return_exceptions=True):
        if isinstance(ended, BaseException):
            raise ended


async def append_all(pool: Pool, store: EventStore, found: Staged, steps: Sequence[Step]) -> None:
    """Append some children at a time on a connection of its own; one by one after a conflict."""
    for start in range(0, len(steps), TOGETHER):
        some = steps[start : start + TOGETHER]
        async with pool.acquire() as connection:
            try:
                await _together(connection, store, found, some)
            except VersionConflictError:
                for step in some:
                    await _one_child(connection, store, found, step)


async def _together(
    connection: Connection, store: EventStore, found: Staged, steps: Sequence[Step]
) -> None:
    """Append to several streams in one transaction, which spares most of the commits.

    An append must be its transaction's first write, so that transaction ids rise within a stream.
    That holds here too: the states were loaded before the transaction wrote anything, so whoever
    appended to one of the streams with a later id has made the expected version wrong.
    """
    cause = _cause(found)
    async with connection.transaction():
        for step in steps:
            stream = CHILD.stream(step.told.child_id)
            await store.append(
                connection,
                stream,
                step.loaded.version,
                step.events,
                cause,
                about=step.told.child_id,
            )
        await mark_done(connection, found.import_id, [step.told.place for step in steps])


def _cause(found: Staged) -> Cause:
    actor = Actor(id=str(found.started_by), role="virtual_school")
    return Cause(actor, found.authority, found.import_id)


async def _one_child(connection: Connection, store: EventStore, found: Staged, step: Step) -> None:
    """Append to one stream, from its newest state."""
    told = step.told
    for _try in range(TRIES):
        loaded = await store.load(connection, CHILD, told.child_id)
        try:
            events = bring_up_to_date(loaded.state, told.child_id, told.facts)
            newest = Step(told, loaded, events)
            await _together(connection, store, found, [newest])
        except UntoldEndError as error:
            await _refuse(connection, found.import_id, told, error.detail)
            return
        except VersionConflictError:
            continue
        else:
            return
    raise VersionConflictError


async def _refuse(connection: Connection, import_id: UUID, told: StagedChild, why: str) -> None:
    """Tick off a child who cannot be imported as things are now, with the reason."""
    number = told.facts.social_care_id
    problem = Problem(EPISODES.name, 0, "CHILD", number, why)
    async with connection.transaction():
        await connection.execute(
            "SELECT FROM imports WHERE import_id = $1 FOR UPDATE", import_id
        )  # fmt: skip
        place = await connection.fetchval(
            "SELECT count(*) FROM import_problems WHERE import_id = $1", import_id
        )
        await add_problems(connection, import_id, place, [problem])
        await mark_done(connection, import_id, [told.place])
        await connection.execute(
            "UPDATE imports SET refused = refused + 1 WHERE import_id = $1", import_id
        )
