"""P1: appends a second of many writers, whose appends share transactions when they meet."""

import asyncio
import os
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from statistics import median
from typing import Any
from uuid import UUID

import asyncpg
import orjson

from epep_bench.arithmetic import Outcome, Rounds, at_least
from epep_bench.keyrings import keyring
from epep_bench.rounds import in_turn
from epep_bench.servers import Servers
from epep_events.contexts import catalog
from epep_events.envelope import Actor
from epep_events.pep import FieldChange, PageSaved
from epep_events.sealed_fields import Keys, plan_of, seal, slots_to_seal
from epep_runtime.event_store import Cause, EventStore
from epep_runtime.ids import new_id
from epep_runtime.keyring import Keyring
from epep_runtime.migrations import migrate
from epep_runtime.postgres import Pool, open_pool
from epep_runtime.together import Together
from pep_service.main import SERVICE

WRITERS, EACH, STREAMS = 8, 400, 20
Row = tuple[Any, ...]
COLUMNS = (
    "stream_id, stream_version, event_id, type, schema_version, occurred_at, authority, actor_id,"
    " actor_role, on_behalf_of, correlation_id, causation_id, traceparent, data, previous_hash,"
    " hash"
)
INSERT = f"INSERT INTO bare ({COLUMNS}) VALUES ({', '.join(f'${n}' for n in range(1, 17))})"  # noqa: S608


def page_saved(pep_id: UUID) -> PageSaved:
    """Return a page of three answers, as long as teachers write them."""
    answer = "She reads to an adult three times a week and asks for longer books. " * 3
    return PageSaved(
        pep_id=pep_id,
        section="designated_teacher",
        page="progress",
        page_title="Progress",
        changes=tuple(
            FieldChange(field=key, label=key.capitalize(), old=None, new=answer)
            for key in ("strengths", "needs", "attendance")
        ),
    )


def cause() -> Cause:
    """Return who appends: a designated teacher, by a click."""
    return Cause(Actor(id=str(new_id()), role="designated_teacher"), "330", new_id())


async def all_at_once(writers: Sequence[Callable[[], Awaitable[None]]]) -> float:
    """Run the writers side by side and return the seconds until the last is done."""
    begun = time.perf_counter()
    await asyncio.gather(*(writer() for writer in writers))
    return time.perf_counter() - begun


class Appending:
    """A database with the event table as services have it, and beside it a bare one like it."""

    def __init__(self, pool: Pool, plain: Pool, ring: Keyring) -> None:
        self._pool, self._plain, self._ring = pool, plain, ring
        self._store = EventStore(catalog(), "pep", ring)

    async def ours(self) -> float:
        """Return appends a second of as many writers, each waiting for its own, as services do."""
        together = Together(self._pool, self._store)

        def writer() -> Callable[[], Awaitable[None]]:
            ids = [new_id() for _ in range(STREAMS)]
            events = [page_saved(each) for each in ids]
            who = cause()

            async def write() -> None:
                for number in range(EACH):
                    which = number % STREAMS
                    await together.append(
                        f"pep-{ids[which]}",
                        number // STREAMS,
                        [events[which]],
                        who,
                        about=ids[which],
                    )

            return write

        return WRITERS * EACH / await all_at_once([writer() for _ in range(WRITERS)])

    async def bare(self) -> float:
        """Return INSERTs a second of rows like those, made beforehand, on as many connections."""
        connections = [await self._plain.acquire() for _ in range(WRITERS)]
        work = [await self._rows() for _ in connections]

        def writer(connection: Any, rows: list[Row]) -> Callable[[], Awaitable[None]]:

            async def write() -> None:
                for row in rows:
                    await connection.execute(INSERT, *row)

            return write

        try:
            seconds = await all_at_once(
                [writer(*each) for each in zip(connections, work, strict=True)]
            )
        finally:
            for each in connections:
                await self._plain.release(each)
        return WRITERS * EACH / seconds

    async def _rows(self) -> list[Row]:
        """Return the rows of one writer as the event table has them, sealed and hashed."""
        ids = [new_id() for _ in range(STREAMS)]
        keys = await self._ring.keys_for([str(each) for each in ids], create=True)
        who, now = cause(), datetime.now(UTC)
        rows: list[Row] = []
        for number in range(EACH):
            about, event_id = ids[number % STREAMS], new_id()
            rows.append(
                (
                    f"pep-{about}",
                    number // STREAMS + 1,
                    event_id,
                    "PageSaved",
                    1,
                    now,
                    who.authority,
                    who.actor.id,
                    who.actor.role,
                    None,
                    who.correlation_id,
                    None,
                    None,
                    _sealed(page_saved(about), event_id, str(about), keys),
                    os.urandom(32),
                    os.urandom(32),
                )
            )
        return rows


def _sealed(event: PageSaved, event_id: UUID, about: str, keys: Keys) -> str:
    document = event.model_dump(mode="json")
    seal(slots_to_seal(plan_of(PageSaved), document, about), event_id, keys)
    return orjson.dumps(document).decode()


@asynccontextmanager
async def against_a_bare_table(servers: Servers) -> AsyncIterator[Appending]:
    """Make a service's event table and a bare one with the same columns and indexes."""
    url = await servers.database("appending")
    await migrate(url, SERVICE.all_migrations())
    pool = await open_pool(url, WRITERS)
    plain = await asyncpg.create_pool(url, min_size=1, max_size=WRITERS)
    try:
        await pool.execute("CREATE TABLE bare (LIKE events INCLUDING ALL)")
        async with keyring(servers) as ring:
            yield Appending(pool, plain, ring)
    finally:
        await pool.close()
        await plain.close()


async def against_inserts(servers: Servers) -> Outcome:
    """P1: ours against bare asyncpg INSERTs of the same rows into a table like the event table."""
    async with against_a_bare_table(servers) as both:
        rounds = await in_turn(both.ours, both.bare)
    return outcome_of("P1", rounds, "bare asyncpg INSERTs, 8 connections", 0.8, "at least 0.8")


def outcome_of(key: str, rounds: Rounds, against: str, bar: float, said: str) -> Outcome:
    """Return the line of the table for appends."""
    return Outcome(
        key,
        "appends through the event store, 8 writers, one event an append, transactions shared",
        f"{median(rounds.ours):,.0f}/s",
        f"{against}: {median(rounds.bare):,.0f}/s",
        f"{rounds.ratio:.2f}",
        said,
        at_least(rounds, bar),
        rounds.spread,
    )
