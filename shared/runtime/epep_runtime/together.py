"""Appends of many writers at a time go to the database together, in one transaction.

What an append costs is mostly the way there and the transaction. An append that comes while no
statement is under way goes at once; those that come meanwhile go together in the next one. Each
writer hears of its own append only.
"""

import asyncio
from collections.abc import Sequence
from contextvars import Context
from typing import NamedTuple
from uuid import UUID

import asyncpg

from epep_events.base import Event
from epep_runtime.event_store import Appended, Cause, EventStore, VersionConflictError
from epep_runtime.postgres import DATABASE_UNAVAILABLE, Connection, Pool
from epep_runtime.row_security import SEEN

APPEND_TOGETHER = f"SELECT append_together({', '.join(f'${n}' for n in range(1, 15))})"
MOST = 64
"""Appends in one statement."""
CONFLICT = 0
Seen = frozenset[str] | None


class _Waiting(NamedTuple):
    """One append that waits for its turn, and where its writer hears what became of it.

    The version is None where it must be tried alone.
    """

    append: Appended
    told: asyncio.Future[int | None]


class _Group:
    """The appends of those who may see the same: what one connection may write (row security)."""

    def __init__(self) -> None:
        self.waiting: list[_Waiting] = []
        self.under_way: asyncio.Task[None] | None = None

    def next(self) -> list[_Waiting]:
        """Take what goes in the next statement: of each stream one append, the first."""
        taken: dict[str, _Waiting] = {}
        left: list[_Waiting] = []
        for each in self.waiting:
            if each.told.done():
                continue  # its writer has gone away
            if each.append.stream in taken or len(taken) == MOST:
                left.append(each)
            else:
                taken[each.append.stream] = each
        self.waiting = left
        return list(taken.values())


class Together:
    """Appends one event at a time for each writer, on connections of its own from the pool.

    An append must be all that its writer changes: it is no part of any other transaction.
    """

    def __init__(self, pool: Pool, store: EventStore) -> None:
        self._pool, self._store = pool, store
        self._groups: dict[Seen, _Group] = {}

    async def append(
        self,
        stream_id: str,
        expected_version: int,
        events: Sequence[Event],
        cause: Cause,
        *,
        about: UUID | None = None,
    ) -> int:
        """Append and return the stream's new version: see `EventStore.append`, also what it raises.

        Several events, and one that could not go with others, go alone. A writer that is cancelled
        does not know whether its event was written; the others' appends go on.
        """
        if not events:
            return expected_version
        if len(events) > 1:
            async with self._pool.acquire() as connection:
                return await self._store.append(
                    connection, stream_id, expected_version, events, cause, about=about
                )
        [event] = events
        made = await self._store.made_ready(stream_id, expected_version, event, cause, about=about)
        version = await self._with_others(made)
        if version is None:
            async with self._pool.acquire() as connection:
                return await self._store.write(connection, made)
        if version == CONFLICT:
            raise VersionConflictError(f"stream is not at version {expected_version}")
        return version

    async def _with_others(self, append: Appended) -> int | None:
        """Wait for what becomes of this append; None if it must be tried alone."""
        seen = SEEN.get()
        group = self._groups.setdefault(seen, _Group())
        told: asyncio.Future[int | None] = asyncio.get_running_loop().create_future()
        group.waiting.append(_Waiting(append, told))
        if group.under_way is None:
            self._begin(group, seen)
        return await told

    def _begin(self, group: _Group, seen: Seen) -> None:
        """Start a task in a context that says what the group may see, and nothing of a writer."""
        context = Context()
        context.run(SEEN.set, seen)
        job = self._carry_out(group, seen)
        group.under_way = asyncio.get_running_loop().create_task(job, context=context)

    async def _carry_out(self, group: _Group, seen: Seen) -> None:
        """Send one statement after the other until nothing waits."""
        taken: list[_Waiting] = []
        try:
            async with self._pool.acquire() as connection:
                while taken := group.next():
                    await self._statement(connection, taken)
                    await asyncio.sleep(0)  # those who have been told may have more to append
                self._leave(group, seen)  # before anything is waited for: who comes now, begins
        except Exception as error:
            if group.under_way is asyncio.current_task():  # else all have been told
                _fail(taken or group.next(), error)  # none are taken where no connection was had
        finally:
            for each in taken:
                each.told.cancel()  # where this task itself was cancelled
            if group.under_way is asyncio.current_task():
                self._leave(group, seen)

    def _leave(self, group: _Group, seen: Seen) -> None:
        """End the group's task; another goes on where somebody waits still."""
        group.under_way = None
        if any(not each.told.done() for each in group.waiting):
            self._begin(group, seen)
        elif self._groups.get(seen) is group:
            del self._groups[seen]

    async def _statement(self, connection: Connection, taken: list[_Waiting]) -> None:
        """Append these, and tell each writer what became of its own.

        Where one cannot be written, none is: each is then tried alone, so that only the one fails.
        """
        try:
            versions: Sequence[int | None] = await connection.fetchval(
                APPEND_TOGETHER, *zip(*(each.append for each in taken), strict=True)
            )
        except Exception as error:
            refused = isinstance(error, (asyncpg.PostgresError, ValueError))  # or could not be sent
            gone = isinstance(error, DATABASE_UNAVAILABLE) and not isinstance(error, ValueError)
            if gone or not refused:
                raise
            versions = [None] * len(taken)
        else:
            self._store.appended.set()
        for each, version in zip(taken, versions, strict=True):
            if not each.told.done():
                each.told.set_result(version)


def _fail(taken: Sequence[_Waiting], error: Exception) -> None:
    """Tell these writers that it is not known whether their events were written."""
    for each in taken:
        if not each.told.done():
            each.told.set_exception(error)
