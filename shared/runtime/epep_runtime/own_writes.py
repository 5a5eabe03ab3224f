"""Read your own writes: after a change, its author's next page waits until read models show it.

A change answers with `Epep-Written: <context>:<stream id>:<version>:<event type>`, several with
commas between them. A client that sends these back with its next reads gets them answered when
every read model that handles such an event has heard of that version, or after two seconds with
`Epep-Catching-Up: true`.
"""

import asyncio
import contextlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from epep_runtime.postgres import DATABASE_FAULTS, Connection, Pool
from epep_runtime.subscriptions import Projector

WRITTEN = "Epep-Written"
CATCHING_UP = "Epep-Catching-Up"
LONGEST_WAIT = 2.0
"""Seconds that a read waits at most."""
KEPT = timedelta(minutes=1)
MOST = 24
"""So many events of a client's are waited for: the newest."""
LOOK_SECONDS = 0.02
ALL_HEARD = """
SELECT bool_and(h.stream_version IS NOT NULL AND h.stream_version >= w.version)
  FROM unnest($1::text[], $2::text[], $3::integer[]) AS w (read_model, stream_id, version)
  LEFT JOIN heard_streams h USING (read_model, stream_id)
"""
ONE = re.compile(
    r"([a-z]{1,20}):([a-z-]{1,30}-[0-9a-f-]{36}|[a-z]{1,20}):([0-9]{1,9}):([A-Za-z]{1,60})"
)


@dataclass(frozen=True, slots=True)
class Written:
    """An event of somebody's change: the version it brought its stream to, and its type."""

    context: str
    stream_id: str
    version: int
    type_name: str

    def __str__(self) -> str:
        """Return it as the header says it."""
        return f"{self.context}:{self.stream_id}:{self.version}:{self.type_name}"


def parse(header: str) -> list[Written]:
    """Read comma-separated events, the last `MOST`; what is no such thing is passed over."""
    found = [ONE.fullmatch(part.strip()) for part in header.split(",")[-MOST:]]
    return [Written(each[1], each[2], int(each[3]), each[4]) for each in found if each]


def say(written: Iterable[Written]) -> str:
    """Return the header's value."""
    return ",".join(map(str, written))


async def note(connection: Connection, read_model: str, heard: Mapping[str, int]) -> None:
    """Say in the transaction of a batch how far the read model has come in these streams."""
    if not heard:
        return
    streams = sorted(heard)
    await connection.execute(
        "INSERT INTO heard_streams AS h (read_model, stream_id, stream_version)"
        " SELECT $1, * FROM unnest($2::text[], $3::integer[])"
        " ON CONFLICT (read_model, stream_id) DO UPDATE"
        "    SET stream_version = greatest(h.stream_version, excluded.stream_version),"
        "        heard_at = now()",
        read_model,
        streams,
        [heard[stream] for stream in streams],
    )


async def keep_forgetting(pool: Pool) -> None:
    """Delete every minute what is too old for anybody to wait for, until cancelled."""
    while True:
        with contextlib.suppress(*DATABASE_FAULTS):
            await forget_old(pool)
        await asyncio.sleep(KEPT.total_seconds())


async def forget_old(pool: Pool) -> None:
    """Delete what was heard more than a minute ago."""
    await pool.execute("DELETE FROM heard_streams WHERE heard_at < now() - $1::interval", KEPT)


async def wait_until_shown(
    pool: Pool,
    projectors: Sequence[Projector],
    changes: Iterable[Written],
    seconds: float = LONGEST_WAIT,
) -> bool:
    """Wait until every read model has heard of the events it handles; False when time is up."""
    wanted = [
        (projector.name, change.stream_id, change.version)
        for change in changes
        for projector in projectors
        if projector.tables and change.context in projector.contexts
        if any(change.type_name == kind.type_name() for kind in projector.handles)
    ]
    if not wanted:
        return True
    columns = [list(column) for column in zip(*wanted, strict=True)]
    try:
        async with asyncio.timeout(seconds):
            # Another process may be the one that hears, so there is no event to wait for here.
            while not await pool.fetchval(ALL_HEARD, *columns):  # noqa: ASYNC110
                await asyncio.sleep(LOOK_SECONDS)
    except TimeoutError:
        return False
    return True
