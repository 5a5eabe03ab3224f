"""P5: from the commit of a code that was asked for to its mail's acceptance, at 100 a second."""

import asyncio
import json
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from epep_bench.appending import cause
from epep_bench.arithmetic import Outcome, percentile, share_within
from epep_bench.keyrings import keyring
from epep_bench.processes import service, told
from epep_bench.rounds import ROUNDS
from epep_bench.servers import Servers
from epep_events.identity import LoginCodeRequested
from epep_runtime.ids import new_id
from epep_runtime.migrations import migrate
from epep_runtime.sealing import NoSealingKeyError, newest_sealing_key, seal
from epep_runtime.service import Running, running
from identity_service.main import SERVICE as IDENTITY
from notification_service.main import SERVICE as NOTIFICATION

A_SECOND, SECONDS = 100, 8
LIMIT, SHARE = 2.0, 0.99
PATIENCE = 60.0


async def ask_for_codes(identity: Running, jwk: dict[str, str], name: str) -> dict[str, float]:
    """Say codes at an even pace; return when each was committed, by address."""
    committed: dict[str, float] = {}

    async def one(number: int) -> None:
        address = f"{name}-{number}@council.example"
        login_id = new_id()
        event = LoginCodeRequested(
            login_id=login_id,
            account_id=new_id(),
            name="Robin Ashford",
            email=address,
            sealed_code=seal("123456", jwk),
            expires_at=datetime.now(UTC) + timedelta(minutes=10),
        )
        async with identity.pool.acquire() as connection:
            await identity.store.append(connection, f"login-{login_id}", 0, [event], cause())
        committed[address] = time.time()

    begun = time.monotonic()
    async with asyncio.TaskGroup() as group:
        for number in range(A_SECOND * SECONDS):
            await asyncio.sleep(max(0.0, begun + number / A_SECOND - time.monotonic()))
            group.create_task(one(number))
    return committed


def accepted(folder: Path) -> dict[str, float]:
    """Return when the mail server accepted each mail, by address."""
    found = {}
    for path in folder.glob("[0-9]*.json"):
        try:
            facts = json.loads(path.read_text())
        except ValueError:  # being written
            continue
        found[facts["to"][0]] = datetime.fromisoformat(facts["received"]).timestamp()
    return found


async def one_round(identity: Running, jwk: dict[str, str], folder: Path, name: str) -> list[float]:
    """Return the seconds that each code of a round took; one that never came took for ever."""
    committed = await ask_for_codes(identity, jwk, name)
    deadline = time.monotonic() + PATIENCE
    while not (came := accepted(folder)).keys() >= committed.keys():
        if time.monotonic() > deadline:
            break
        await asyncio.sleep(0.5)
    return [came.get(address, float("inf")) - at for address, at in committed.items()]


async def codes_to_mail(servers: Servers) -> Outcome:
    """P5: identity-service's log and relay here, notification-service in a process of its own."""
    prefix = await servers.topics()
    own, other = await servers.database("identity"), await servers.database("notification")
    await migrate(own, IDENTITY.all_migrations())
    await migrate(other, NOTIFICATION.all_migrations())
    async with keyring(servers):
        environment = told(servers, own, prefix, 1)
        facts = {
            "database_url": own,
            "kafka_bootstrap": servers.kafka,
            "topic_prefix": prefix,
            "roles": "api,relay,projectors",
            "secret_key": environment["EPEP_SECRET_KEY"],
            "portal_url": environment["EPEP_PORTAL_URL"],
        }
        known = IDENTITY.settings.model_fields
        settings = IDENTITY.settings.model_validate({k: v for k, v in facts.items() if k in known})
        async with (
            running(IDENTITY, settings) as identity,
            service(servers, "notification_service", other, prefix, "all"),
        ):
            jwk = await _sealing_key(identity)
            folder = servers.folder / "mailbox"
            rounds = [
                await one_round(identity, jwk, folder, f"r{number}") for number in range(ROUNDS + 1)
            ]
    return outcome_of(rounds[1:])


async def _sealing_key(identity: Running) -> dict[str, str]:
    async with asyncio.timeout(PATIENCE):
        while True:
            try:
                async with identity.pool.acquire() as connection:
                    return await newest_sealing_key(connection)
            except NoSealingKeyError:
                await asyncio.sleep(0.1)


def outcome_of(rounds: list[list[float]]) -> Outcome:
    """Say how many codes were in time, over all rounds."""
    every = [seconds for each in rounds for seconds in each]
    shares = [share_within(each, LIMIT) for each in rounds]
    share = share_within(every, LIMIT)
    return Outcome(
        "P5",
        f"code committed to accepted by SMTP, {A_SECOND} a second for {SECONDS} s",
        f"median {percentile(every, 50):.2f} s, p99 {percentile(every, 99):.2f} s",
        f"{LIMIT:.0f} s",
        f"{share:.1%} in time",
        "99 % in 2 s",
        share >= SHARE,
        f"{min(shares):.1%} to {max(shares):.1%}",
    )
