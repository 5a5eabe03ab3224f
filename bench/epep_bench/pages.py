"""P6: the pages of a long history, against the same pages of one a tenth as long."""

import os
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from statistics import median

from epep_bench.arithmetic import Outcome, Rounds, at_most, percentile
from epep_bench.history import (
    CHILDREN_OF_AN_AUTHORITY,
    EVENTS_OF_A_CHILD,
    authority_of,
    child_id_of,
    histories,
)
from epep_bench.keyrings import keyring
from epep_bench.lean_http import Connection
from epep_bench.loading import load
from epep_bench.people import People
from epep_bench.processes import service
from epep_bench.rounds import in_turn
from epep_bench.servers import Servers
from epep_runtime.ids import derived_id
from epep_runtime.keyring import Keyring
from epep_runtime.migrations import migrate
from epep_runtime.postgres import open_pool
from pep_service.main import SERVICE

MANY, TENTH = 1_000_000, 10
ONE_ROUND = 200
PAGES = ("home", "child", "change log")
HOME_PAGES = CHILDREN_OF_AN_AUTHORITY // 25


class Library:
    """A pep-service on a database with so many children, and somebody who reads."""

    def __init__(self, connection: Connection, people: People, children: int, name: str) -> None:
        self._connection, self._people = connection, people
        self._children, self._random = children, random.Random(name)  # noqa: S311

    async def p95(self, page: str) -> float:
        """Return the 95th percentile of a round of that page, in milliseconds."""
        await self._connection.renew()
        return percentile([await self._read(page) for _ in range(ONE_ROUND)], 95) * 1000

    async def _read(self, page: str) -> float:
        number = self._random.randrange(self._children)
        authority = authority_of(number)
        who = derived_id("bench virtual school", authority)
        headers = self._people.headers(who, authority, "virtual_school")
        path = {
            "home": f"/home?page={self._random.randint(1, HOME_PAGES)}",
            "child": f"/children/{child_id_of(number)}",
            "change log": f"/children/{child_id_of(number)}/change-log",
        }[page]
        reply = await self._connection.ask("GET", path, headers)
        if reply.status != 200:
            raise RuntimeError(f"{path}: {reply.status} {reply.body[:300]!r}")
        return reply.seconds


@asynccontextmanager
async def library(servers: Servers, ring: Keyring, events: int) -> AsyncIterator[Library]:
    """Fill a database with so many events and serve it."""
    url, people = await servers.database("pages"), People()
    await migrate(url, SERVICE.all_migrations())
    pool = await open_pool(servers.as_admin(url), 2)
    try:
        await load(pool, ring, histories(events))
        await people.introduce(pool)
    finally:
        await pool.close()
    children = -(-events // EVENTS_OF_A_CHILD)
    prefix = "bench-without-topics."
    async with service(servers, "pep_service", url, prefix, "api") as running:
        connection = await Connection.to(running.port)
        yield Library(connection, people, children, f"readers of {events}")
        await connection.close()


async def pages_of_a_long_history(servers: Servers) -> Outcome:
    """P6: each page's p95 with ten times the events; the worst of the three counts."""
    many = int(os.environ.get("BENCH_PAGES_EVENTS", MANY))
    few = many // TENTH
    found: dict[str, Rounds] = {}
    async with (
        keyring(servers) as ring,
        library(servers, ring, few) as short,
        library(servers, ring, many) as long,
    ):
        for page in PAGES:
            found[page] = await in_turn(lambda p=page: long.p95(p), lambda p=page: short.p95(p))  # type: ignore[misc]

    def said(which: str) -> str:
        return ", ".join(f"{page} {median(getattr(found[page], which)):.1f} ms" for page in PAGES)

    worst = max(found.values(), key=lambda rounds: rounds.ratio)
    return Outcome(
        "P6",
        f"p95 of pages at {many:,} events",
        said("ours"),
        f"at {few:,}: {said('bare')}",
        ", ".join(f"{page} {found[page].ratio:.2f}" for page in PAGES),
        "at most 1.2",
        at_most(worst, 1.2),
        ", ".join(f"{page} {found[page].spread}" for page in PAGES),
        (
            f"More events are more authorities of {CHILDREN_OF_AN_AUTHORITY} children, as many as"
            " an English authority has; the reader is an authority's virtual school.",
        ),
    )
