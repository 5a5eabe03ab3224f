"""A1: the check of who may see a child. H1: the home page of a large authority and a small one."""

import random
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from statistics import median
from uuid import UUID

from epep_access.checking import acting_for_child
from epep_bench.arithmetic import Outcome, at_most, percentile
from epep_bench.history import children
from epep_bench.keyrings import keyring
from epep_bench.lean_http import Connection
from epep_bench.loading import load
from epep_bench.people import People
from epep_bench.processes import service
from epep_bench.rounds import ROUNDS, in_turn
from epep_bench.servers import Servers
from epep_runtime.ids import derived_id
from epep_runtime.keyring import Keyring
from epep_runtime.migrations import migrate
from epep_runtime.postgres import Pool, open_pool
from epep_runtime.row_security import SEEN
from epep_runtime.tokens import Grant, Principal
from pep_service.main import SERVICE

FEW, MANY, PAGE = 100, 10_000, 25
CHECKS, HOME_PAGES = 2000, 150
LIMIT_MS, AUTHORITY = 0.2, "400"
ONE_AUTHORITY = ("home", "children", "access_children", "pep_cards")


async def _filled(servers: Servers, ring: Keyring, number: int, people: People) -> str:
    """Return a database with so many children, all of one authority."""
    url = await servers.database("access")
    await migrate(url, SERVICE.all_migrations())
    pool = await open_pool(servers.as_admin(url), 2)
    try:
        await load(pool, ring, children(0, number))
        for table in ONE_AUTHORITY:
            await pool.execute(
                f"UPDATE {table} SET authority = $1 WHERE authority <> $1",  # noqa: S608 - fixed
                AUTHORITY,
            )
        await pool.execute("VACUUM ANALYZE")
        await people.introduce(pool)
    finally:
        await pool.close()
    return url


async def _checks(pool: Pool, cases: list[tuple[Principal, UUID]]) -> list[float]:
    """Return the milliseconds of each check, as a request makes it."""
    taken = []
    for principal, child_id in random.choices(cases, k=CHECKS):  # noqa: S311
        SEEN.set(frozenset(grant.authority for grant in principal.grants))
        begun = time.perf_counter()
        await acting_for_child(pool, principal, child_id)
        taken.append((time.perf_counter() - begun) * 1000)
    SEEN.set(None)
    return taken


async def _queries(pool: Pool) -> float:
    """Return the median milliseconds of a query that looks at nothing, as a request makes it."""
    taken = []
    SEEN.set(frozenset({AUTHORITY}))
    for _ in range(CHECKS):
        begun = time.perf_counter()
        await pool.fetchval("SELECT 1")
        taken.append((time.perf_counter() - begun) * 1000)
    SEEN.set(None)
    return median(taken)


async def check_of_access(servers: Servers) -> Outcome:
    """A1: the whole check in the process that asks, with its way to PostgreSQL and back."""
    async with keyring(servers) as ring:
        url = await _filled(servers, ring, MANY, People())
        pool = await open_pool(url, 2)
        try:
            rows = await pool.fetch("SELECT account_id, child_id, role FROM access_people")
            cases = [
                (_principal(row["account_id"], row["role"]), UUID(str(row["child_id"])))
                for row in rows
            ]
            await _checks(pool, cases)
            rounds = [await _checks(pool, cases) for _ in range(ROUNDS)]
            bare = await _queries(pool)
        finally:
            await pool.close()
    medians = [median(each) for each in rounds]
    found = median(medians)
    p95 = percentile([each for taken in rounds for each in taken], 95)
    return Outcome(
        "A1",
        f"access check, {len(rows):,} relationships with {MANY:,} children",
        f"median {found:.3f} ms, p95 {p95:.3f} ms",
        f"SELECT 1: {bare:.3f} ms",
        f"{found / bare:.2f}",
        f"median under {LIMIT_MS} ms",
        found < LIMIT_MS,
        f"{min(medians):.3f} to {max(medians):.3f} ms",
        ("One question to PostgreSQL answers role, relationship, profile and erasure.",),
    )


def _principal(account_id: UUID, role: str) -> Principal:
    return Principal(account_id, "Jo Bennett", frozenset({Grant(AUTHORITY, role)}), "bench")


class Home:
    """A virtual school's home page, over HTTP."""

    def __init__(self, connection: Connection, people: People, number: int) -> None:
        self._connection, self._people, self._number = connection, people, number
        self._random = random.Random(number)  # noqa: S311

    async def p95(self) -> float:
        """Return the 95th percentile of a round of pages, in milliseconds."""
        await self._connection.renew()
        taken = []
        for _ in range(HOME_PAGES):
            who = derived_id("bench virtual school", AUTHORITY)
            headers = self._people.headers(who, AUTHORITY, "virtual_school")
            path = f"/home?page={self._random.randint(1, self._number // PAGE)}"
            reply = await self._connection.ask("GET", path, headers)
            if reply.status != 200:
                raise RuntimeError(f"{path}: {reply.status} {reply.body[:300]!r}")
            taken.append(reply.seconds * 1000)
        return percentile(taken, 95)


@asynccontextmanager
async def _home(servers: Servers, ring: Keyring, number: int) -> AsyncIterator[Home]:
    people = People()
    url = await _filled(servers, ring, number, people)
    async with service(servers, "pep_service", url, "bench-without-topics.", "api") as running:
        connection = await Connection.to(running.port)
        yield Home(connection, people, number)
        await connection.close()


async def home_of_many(servers: Servers) -> Outcome:
    """H1: any page of the home list of a virtual school with a hundred times the children."""
    async with (
        keyring(servers) as ring,
        _home(servers, ring, FEW) as short,
        _home(servers, ring, MANY) as long,
    ):
        rounds = await in_turn(long.p95, short.p95)
    return Outcome(
        "H1",
        f"p95 of a virtual school's home page at {MANY:,} children",
        f"{median(rounds.ours):.1f} ms",
        f"at {FEW}: {median(rounds.bare):.1f} ms",
        f"{rounds.ratio:.2f}",
        "at most 1.5",
        at_most(rounds, 1.5),
        rounds.spread,
        ("Any of the pages of 25, the last as often as the first.",),
    )
