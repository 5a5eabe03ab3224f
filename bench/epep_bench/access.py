"""A1: the check of who may see a child. H1: the home page of a large authority and a small one."""

import asyncio
import random
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from statistics import median
from uuid import UUID

from epep_access.answers import Answers
from epep_access.checking import acting_for_child
from epep_access.following import ACCESS
from epep_bench.arithmetic import Outcome, at_most, percentile
from epep_bench.history import children
from epep_bench.keyrings import keyring
from epep_bench.lean_http import Connection
from epep_bench.loading import load
from epep_bench.people import People
from epep_bench.processes import service
from epep_bench.rounds import ROUNDS, in_turn
from epep_bench.servers import Servers
from epep_events.pep import ProfessionalAssigned
from epep_runtime.ids import derived_id
from epep_runtime.keyring import Keyring
from epep_runtime.migrations import migrate
from epep_runtime.news import News, tell_of
from epep_runtime.postgres import Pool, open_pool
from epep_runtime.row_security import SEEN
from epep_runtime.tokens import Grant, Principal
from epep_runtime.waiting import ended
from pep_service.main import SERVICE

FEW, MANY, PAGE = 100, 10_000, 25
CHECKS, HOME_PAGES = 2000, 150
VISITS, AT_A_TIME, EACH_VISIT = 2000, 20, 6
"""A page of a PEP takes two checks in pep-service to open and one to save: twice is six."""
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


class Checks:
    """Milliseconds of the first check of each visit, which asks the database, and of all."""

    def __init__(self) -> None:
        self.first: list[float] = []
        self.all: list[float] = []


async def _checks(
    pool: Pool, cases: list[tuple[Principal, UUID]], news: News, visits: int = VISITS
) -> Checks:
    """Take the time of each check, as requests make it.

    People open children's records in turn, some at a time, and ask for each several times. Once
    in each round somebody's access changes, and everything is asked anew.
    """
    answers, taken = Answers(news), Checks()
    every = random.choices(cases, k=visits)  # noqa: S311
    for number in range(0, visits, AT_A_TIME):
        if number == visits // 2 // AT_A_TIME * AT_A_TIME:
            await _somebody_is_let_in(pool, news)
        for again in range(EACH_VISIT):
            for principal, child_id in every[number : number + AT_A_TIME]:
                SEEN.set(frozenset(grant.authority for grant in principal.grants))
                begun = time.perf_counter()
                await acting_for_child(pool, principal, child_id, answers)
                milliseconds = (time.perf_counter() - begun) * 1000
                taken.all.append(milliseconds)
                if not again:
                    taken.first.append(milliseconds)
    SEEN.set(None)
    return taken


async def _somebody_is_let_in(pool: Pool, news: News) -> None:
    """Tell as a batch of the read model does, and wait until it is heard."""
    before = news.edition
    async with pool.acquire() as connection:
        await tell_of(connection, ACCESS, {ProfessionalAssigned.type_name()})
    await eventually_heard(news, before)


async def eventually_heard(news: News, before: int | None) -> None:
    """Wait until the process hears, and another edition than this one is current."""
    async with asyncio.timeout(5):
        while news.edition in {None, before}:  # noqa: ASYNC110 - nothing says so
            await asyncio.sleep(0.001)


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
    """A1: the whole check in the process that asks, with its way to PostgreSQL where it asks."""
    async with keyring(servers) as ring:
        url = await _filled(servers, ring, MANY, People())
        pool = await open_pool(url, 2)
        news = News(url, SERVICE.projectors)
        listening = asyncio.create_task(news.run())
        try:
            rows = await pool.fetch("SELECT account_id, child_id, role FROM access_people")
            cases = [
                (_principal(row["account_id"], row["role"]), UUID(str(row["child_id"])))
                for row in rows
            ]
            await eventually_heard(news, None)
            await _checks(pool, cases, news)
            rounds = [await _checks(pool, cases, news) for _ in range(ROUNDS)]
            bare = await _queries(pool)
        finally:
            await ended(listening)
            await pool.close()
    return _outcome(len(rows), rounds, bare)


def _outcome(relationships: int, rounds: list[Checks], bare: float) -> Outcome:
    medians = [median(each.all) for each in rounds]
    firsts = [median(each.first) for each in rounds]
    found = median(medians)
    p95 = percentile([each for taken in rounds for each in taken.all], 95)
    return Outcome(
        "A1",
        f"access check, {relationships:,} relationships with {MANY:,} children,"
        f" {EACH_VISIT} checks a visit",
        f"median {found:.3f} ms, p95 {p95:.3f} ms",
        f"SELECT 1: {bare:.3f} ms",
        f"{found / bare:.2f}",
        f"median under {LIMIT_MS} ms",
        found < LIMIT_MS,
        f"{min(medians):.3f} to {max(medians):.3f} ms",
        (
            f"The first check of a visit, which asks PostgreSQL: median {median(firsts):.3f} ms"
            f" ({min(firsts):.3f} to {max(firsts):.3f}). The others are remembered until a read"
            " model of access changes.",
        ),
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
