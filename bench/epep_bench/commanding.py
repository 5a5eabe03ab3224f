"""P7: pages saved over HTTP a second, against an empty authenticated route."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from statistics import median

from epep_bench.arithmetic import Outcome, at_least
from epep_bench.history import (
    PAGES,
    PEPS,
    authority_of,
    children,
    pep_id_of,
    profile,
    teacher_of,
)
from epep_bench.keyrings import keyring
from epep_bench.lean_http import Connection, Reply
from epep_bench.loading import load
from epep_bench.people import People
from epep_bench.processes import process, service, told, until_ready
from epep_bench.rounds import in_turn
from epep_bench.servers import Servers
from epep_local.ports import free_port
from epep_runtime.migrations import migrate
from epep_runtime.postgres import open_pool
from pep_service.main import SERVICE
from pep_service.profiles.form import pages_of, sections_of

CLIENTS, EACH, PEPS_EACH = 8, 60, 25
FIRST_VERSION = PAGES + 5


def page_and_field() -> tuple[str, str]:
    """Return a page that a designated teacher fills in, and a text field on it."""
    for _, page in pages_of(sections_of(profile(), "school_age", 8)):
        if page.kind == "form" and "designated_teacher" in page.write:
            for field in page.fields:
                if field.type == "text":
                    return page.key, field.key
    raise LookupError("no such page")


class Client:
    """A teacher's browser: saves a page of one PEP after the other, each with its version."""

    def __init__(self, ours: Connection, bare: Connection, people: People, number: int) -> None:
        self._ours, self._bare = ours, bare
        self._page, self._field = page_and_field()
        first = number * PEPS_EACH
        self._headers = {
            child: people.headers(teacher_of(child), authority_of(child), "designated_teacher")
            for child in range(first, first + PEPS_EACH)
        }
        self._version = dict.fromkeys(self._headers, FIRST_VERSION)
        self._saves = 0

    def _next(self) -> tuple[int, bytes]:
        self._saves += 1
        child = list(self._headers)[self._saves % PEPS_EACH]
        answer = f"She reads longer books by herself now ({self._saves})."
        return child, json.dumps({"values": {self._field: answer}}).encode()

    async def renew(self) -> None:
        """Connect again, for a round."""
        await self._ours.renew()
        await self._bare.renew()

    async def save(self) -> None:
        """Save a page. Raises RuntimeError when it was not saved."""
        child, body = self._next()
        headers = self._headers[child] | {"If-Match": f'"{self._version[child]}"'}
        path = f"/peps/{pep_id_of(child, PEPS - 1)}/pages/{self._page}"
        reply = _checked(await self._ours.ask("PUT", path, headers, body))
        self._version[child] = int(reply.headers["etag"].strip('"'))

    async def nothing(self) -> None:
        """Ask the empty route, with just such a request."""
        child, body = self._next()
        headers = self._headers[child] | {"If-Match": '"1"'}
        _checked(await self._bare.ask("PUT", "/empty", headers, body))


def _checked(reply: Reply) -> Reply:
    if reply.status != 200:
        raise RuntimeError(f"{reply.status} {reply.body[:300]!r}")
    return reply


async def a_second(every: list[Client], ask: Callable[[Client], Awaitable[None]]) -> float:
    """Return how many requests a second the clients get answered, each asking in turn."""

    async def work(client: Client) -> None:
        for _ in range(EACH):
            await ask(client)

    for client in every:
        await client.renew()
    begun = time.perf_counter()
    await asyncio.gather(*(work(client) for client in every))
    return len(every) * EACH / (time.perf_counter() - begun)


@asynccontextmanager
async def clients(servers: Servers) -> AsyncIterator[list[Client]]:
    """Serve pep-service and the empty route, each one process, and connect to both."""
    url, people = await servers.database("commanding"), People()
    await migrate(url, SERVICE.all_migrations())
    pool = await open_pool(servers.as_admin(url), 2)
    async with keyring(servers) as ring:
        await load(pool, ring, children(0, CLIENTS * PEPS_EACH))
        await people.introduce(pool)
        await pool.close()
        port = free_port()
        environment = told(servers, url, "", port)
        async with (
            service(servers, "pep_service", url, "", "api") as ours,
            process(servers, "epep_bench.empty_route", environment=environment, port=port) as bare,
        ):
            await until_ready(bare, "/livez")
            yield [
                Client(
                    await Connection.to(ours.port), await Connection.to(bare.port), people, number
                )
                for number in range(CLIENTS)
            ]


async def pages_saved(servers: Servers) -> Outcome:
    """P7: token, access, the whole PEP read and folded, validated, decided, appended, answered."""
    async with clients(servers) as every:
        rounds = await in_turn(
            lambda: a_second(every, Client.save), lambda: a_second(every, Client.nothing)
        )
    return Outcome(
        "P7",
        f"pages saved over HTTP, {CLIENTS} clients, one process",
        f"{median(rounds.ours):,.0f}/s",
        f"empty authenticated FastAPI route: {median(rounds.bare):,.0f}/s",
        f"{rounds.ratio:.2f}",
        "at least 0.25",
        at_least(rounds, 0.25),
        rounds.spread,
    )
