"""L1: log-ins as fast as they go, and what other requests notice of them."""

import asyncio
import json
import time
from dataclasses import dataclass, field
from statistics import median
from uuid import UUID

from joserfc.jwk import OKPKey

from epep_bench.arithmetic import Outcome, Rounds, at_most, percentile
from epep_bench.keyrings import keyring
from epep_bench.lean_http import Connection
from epep_bench.people import People
from epep_bench.processes import service, told
from epep_bench.rounds import ROUNDS
from epep_bench.servers import Servers
from epep_runtime.migrations import migrate
from epep_runtime.service import running
from identity_service.accounts.opening import OpenAccount
from identity_service.main import SERVICE
from identity_service.operating.acting import Desk
from identity_service.parts import Identity

ACCOUNTS, AT_ONCE, SECONDS = 40, 8, 8.0
PASSWORD = "three quiet herons"  # noqa: S105 - of people who are made up


@dataclass
class Crowd:
    """People who log in again and again; `taken` are milliseconds."""

    port: int
    taken: list[float] = field(default_factory=list)

    async def log_in(self, number: int, until: float) -> None:
        """Log one person after another in until then."""
        connection = await Connection.to(self.port)
        while time.monotonic() < until:
            number = (number + AT_ONCE) % ACCOUNTS
            body = json.dumps({"email": _address(number), "password": PASSWORD}).encode()
            headers = {"Content-Type": "application/json"}
            reply = await connection.ask("POST", "/logins", headers, body)
            if reply.status != 202:
                raise RuntimeError(f"/logins: {reply.status} {reply.body[:300]!r}")
            self.taken.append(reply.seconds * 1000)
        await connection.close()


def _address(number: int) -> str:
    return f"person-{number}@council.example"


async def _looks(connection: Connection, headers: dict[str, str], until: float) -> list[float]:
    """Return the milliseconds of each other request, one every hundredth of a second."""
    taken: list[float] = []
    while time.monotonic() < until:
        reply = await connection.ask("GET", "/me", headers)
        if reply.status != 200:
            raise RuntimeError(f"/me: {reply.status} {reply.body[:300]!r}")
        taken.append(reply.seconds * 1000)
        await asyncio.sleep(0.01)
    return taken


async def _accounts(servers: Servers, url: str, prefix: str, people: People) -> UUID:
    """Open the accounts, with passwords as costly as they are in use; return one of them."""
    environment = told(servers, url, prefix, 1)
    facts = {
        "database_url": url,
        "kafka_bootstrap": servers.kafka,
        "topic_prefix": prefix,
        "roles": "api",
        "secret_key": environment["EPEP_SECRET_KEY"],
        "portal_url": environment["EPEP_PORTAL_URL"],
    }
    async with running(SERVICE, SERVICE.settings.model_validate(facts)) as process:
        identity = process.part(Identity)
        desk = Desk(process.pool, process.store, identity.passwords, identity.settings)
        wanted = [
            OpenAccount(name="Jo Bennett", email=_address(each), password=PASSWORD, grants=())
            for each in range(ACCOUNTS)
        ]
        opened = await desk.open_all(wanted)
        await people.introduce(process.pool)
        sealing = OKPKey.generate_key("X25519", {"kid": "bench"}).as_dict(private=False)
        await process.pool.execute("INSERT INTO sealing_keys VALUES ('bench', $1, now())", sealing)
    return opened[0].account_id


async def log_ins(servers: Servers) -> Outcome:
    """L1: right passwords at their full cost from eight at once, and `GET /me` beside them."""
    prefix, people = await servers.topics(), People()
    url = await servers.database("identity")
    await migrate(url, SERVICE.all_migrations())
    idle: list[float] = []
    busy: list[float] = []
    crowds: list[Crowd] = []
    async with keyring(servers):
        who = await _accounts(servers, url, prefix, people)
        headers = people.headers(who, "330", "iro")
        async with service(servers, "identity_service", url, prefix, "api,relay") as process:
            connection = await Connection.to(process.port)
            await _looks(connection, headers, time.monotonic() + 1)
            for _ in range(ROUNDS):
                alone = await _looks(connection, headers, time.monotonic() + SECONDS / 2)
                idle.append(percentile(alone, 95))
                crowd, until = Crowd(process.port), time.monotonic() + SECONDS
                beside = asyncio.create_task(_looks(connection, headers, until))
                await asyncio.gather(*(crowd.log_in(each, until) for each in range(AT_ONCE)))
                busy.append(percentile(await beside, 95))
                crowds.append(crowd)
            await connection.close()
    return outcome_of(Rounds(tuple(busy), tuple(idle)), crowds)


def outcome_of(rounds: Rounds, crowds: list[Crowd]) -> Outcome:
    """Say how many logged in, how long it took them, and what others noticed."""
    rate = median(len(each.taken) / SECONDS for each in crowds)
    p95 = percentile([taken for each in crowds for taken in each.taken], 95)
    return Outcome(
        "L1",
        f"log-ins from {AT_ONCE} at once, and p95 of `GET /me` beside them",
        f"{rate:.0f} log-ins a second, p95 {p95:.0f} ms; /me {median(rounds.ours):.1f} ms",
        f"/me alone: {median(rounds.bare):.1f} ms",
        f"{rounds.ratio:.2f}",
        "/me at most 2",
        at_most(rounds, 2.0),
        rounds.spread,
        ("argon2id at m=46 MiB, t=1, in its own threads; clients share the two cores.",),
    )
