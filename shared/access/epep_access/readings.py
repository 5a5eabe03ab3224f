"""Who opened whose record: noted while a page is made, written soon after, in batches.

A page never waits for it. What was noted is an event within half a second (`RecordOpened`, in
the service's own log); the same person opening the same part of a record again within ten minutes
is one reading. A process that stops writes what it has noted; one that is killed loses what it
noted in its last half second.
"""

import asyncio
import contextvars
import time
from collections import defaultdict
from datetime import datetime
from uuid import UUID

import structlog

from epep_access.checking import Acting
from epep_events.access import RecordOpened
from epep_events.envelope import Actor
from epep_runtime.event_store import Cause, EventStore
from epep_runtime.ids import new_id
from epep_runtime.postgres import DATABASE_FAULTS, Pool
from epep_runtime.service import Running
from epep_runtime.tokens import Principal
from epep_runtime.waiting import comes_within

log = structlog.get_logger()
ONE_READING_SECONDS = 600.0
WAIT_SECONDS = 0.25
MOST_REMEMBERED = 50_000
Noted = tuple[RecordOpened, str]
"""A reading and the child's authority."""


class Readings:
    """What this process has noted and not written yet."""

    def __init__(self, pool: Pool, store: EventStore) -> None:
        self._pool, self._store = pool, store
        self._waiting: list[Noted] = []
        self._seen: dict[tuple[UUID, UUID, str], float] = {}
        self._writing: asyncio.Task[None] | None = None
        self._stopping = asyncio.Event()

    def note(self, principal: Principal, acting: Acting, part: str, at: datetime) -> None:
        """Remember that somebody opened a part of a child's record."""
        key, now = (principal.account_id, acting.child_id, part), time.monotonic()
        if now - self._seen.get(key, -ONE_READING_SECONDS) < ONE_READING_SECONDS:
            return
        if len(self._seen) >= MOST_REMEMBERED:
            self._seen.clear()
        self._seen[key] = now
        event = RecordOpened(
            child_id=acting.child_id,
            account_id=principal.account_id,
            role=acting.role,
            basis=acting.basis,
            part=part,
            opened_at=at,
        )
        self._waiting.append((event, acting.authority))
        if self._writing is None or self._writing.done():
            # In a context of its own: it writes for everybody, not for whoever asks just now.
            self._writing = asyncio.create_task(self._soon(), context=contextvars.Context())

    async def _soon(self) -> None:
        while self._waiting and not self._stopping.is_set():
            await comes_within(self._stopping, WAIT_SECONDS)
            await self.write()

    async def finish(self) -> None:
        """Write what is left, at once: the process ends."""
        self._stopping.set()
        if self._writing:
            await self._writing
        if self._waiting:  # noted during that, or it was not taken
            await self.write()

    async def write(self) -> None:
        """Write what was noted, each child's readings to its own stream; keep it after a fault."""
        batch, self._waiting = self._waiting, []
        by_child: dict[UUID, list[Noted]] = defaultdict(list)
        for noted in batch:
            by_child[noted[0].child_id].append(noted)
        try:
            async with self._pool.acquire() as connection, connection.transaction():
                streams = {child: f"readings-{child}" for child in by_child}
                await self._store.hold(connection, streams.values())
                for child, found in by_child.items():
                    version = await connection.fetchval(
                        "SELECT coalesce(max(stream_version), 0) FROM events WHERE stream_id = $1",
                        streams[child],
                    )
                    for event, authority in found:
                        cause = Cause(
                            Actor(id=str(event.account_id), role=event.role), authority, new_id()
                        )
                        version = await self._store.append(
                            connection, streams[child], version, [event], cause
                        )
        except DATABASE_FAULTS as error:
            log.warning("readings not written, will try again", error=type(error).__name__)
            self._waiting = batch + self._waiting


def note_reading(running: Running, principal: Principal, acting: Acting, part: str) -> None:
    """Note that somebody opened a part of a child's record; `part` is a permission's name."""
    if Readings not in running.parts:
        running.parts[Readings] = readings = Readings(running.pool, running.store)
        running.at_the_end.append(readings.finish)
    running.part(Readings).note(principal, acting, part, running.store.clock())
