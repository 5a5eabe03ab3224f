"""Two worker processes share the board, one is killed in mid-stream, and the numbers are right."""

import asyncio
import logging
import os
import random
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
from aiokafka import AIOKafkaProducer
from board_stories import PROFILE, SECTIONS
from pydantic import SecretStr

from epep_local import plain_http
from epep_local.guarded import GuardedKafka
from epep_local.ports import free_port
from epep_local.testing import DatabaseFactory, TopicFactory
from epep_local.topics import create_topics
from epep_runtime.migrations import migrate
from epep_runtime.testing import eventually
from epep_runtime.waiting import ended
from qa_service.live_board.counting import count
from qa_service.live_board.counting_worker import BoardWorker
from qa_service.live_board.follower import Follower
from qa_service.live_board.profiles import ProfileVersions
from qa_service.main import SERVICE
from qa_service.settings import QASettings

pytestmark = pytest.mark.servers
SEED = 2611
PEPS = 600
AUTHORITIES = ("330", "998")
TODAY = date(2026, 11, 23)
STANDING_STILL = 180.0
"""Seconds to wait: a worker that faust leaves standing is noticed after 20 (`StandsStillError`) and
begins again, once Kafka has given its first life up."""


@dataclass
class Worker:
    """One process of the service with the role `board` alone."""

    settings: QASettings
    log: Path
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        told = {name: value for name, value in os.environ.items() if not name.startswith("EPEP_")}
        told |= {
            "EPEP_DATABASE_URL": self.settings.database_url.get_secret_value(),
            **{
                name: value for name, value in os.environ.items() if name.startswith("EPEP_KEYRING")
            },
            "EPEP_KAFKA_BOOTSTRAP": self.settings.kafka_bootstrap,
            "EPEP_TOPIC_PREFIX": self.settings.topic_prefix,
            "EPEP_HTTP_PORT": str(self.port),
            "EPEP_ROLES": "board",
        }
        with self.log.open("ab") as log:
            command = [sys.executable, "-m", "qa_service", "run"]
            self.process = subprocess.Popen(command, env=told, stdout=log, stderr=log)

    def end(self, how: signal.Signals) -> None:
        if self.process:
            self.process.send_signal(how)
            self.process.wait(60)
            self.process = None

    def stand_still(self) -> None:
        """Have it do nothing more, in the middle of whatever it does."""
        assert self.process
        self.process.send_signal(signal.SIGSTOP)

    async def held(self) -> int:
        """How many partitions it counts, as its readiness says."""
        report = await asyncio.to_thread(self._report)
        board = [e for e in report.get("subscriptions", []) if e["name"] == "board"]
        return int(board[0]["assigned"]) if board else 0

    def _report(self) -> dict[str, Any]:
        with plain_http.client(f"http://127.0.0.1:{self.port}") as client:
            try:
                found: dict[str, Any] = client.get("/readyz").json()
            except httpx.HTTPError:
                return {}
            return found


@contextmanager
def workers(settings: QASettings, folder: Path) -> Iterator[tuple[Worker, Worker]]:
    two = Worker(settings, folder / "one.log"), Worker(settings, folder / "two.log")
    try:
        for each in two:
            each.start()
        yield two
    finally:
        for each in two:
            each.end(signal.SIGKILL)


class Log:
    """What is said, and its plain tally: another way to the numbers than the board's own."""

    def __init__(self, producer: AIOKafkaProducer, prefix: str) -> None:
        self._producer, self._prefix = producer, prefix
        self._versions: Counter[str] = Counter()
        self._sent: list[dict[str, Any]] = []
        self.state: dict[str, tuple[str, str]] = {}  # PEP: (authority, state)
        self.ratings: dict[str, tuple[str, str]] = {}

    async def say(self, source: str, stream: str, kind: str, authority: str, data: str) -> None:
        self._versions[stream] += 1
        headers = {
            "ce_type": kind,
            "ce_subject": stream,
            "ce_authority": authority,
            "ce_streamversion": str(self._versions[stream]),
            "ce_time": "2026-11-20T10:00:00+00:00",
        }
        message = {
            "topic": f"{self._prefix}{source}",
            "key": stream.encode(),
            "value": data.encode(),
            "headers": [(name, value.encode()) for name, value in headers.items()],
        }
        self._sent.append(message)
        await self._producer.send(**message)

    async def repeat(self, chance: random.Random) -> None:
        """Send something again that was sent before, as a relay does after a crash."""
        await self._producer.send(**chance.choice(self._sent))

    async def flush(self) -> None:
        await self._producer.flush()

    def tally(self, authority: str) -> Counter[str]:
        states = Counter(state for code, state in self.state.values() if code == authority)
        rated = Counter(f"rated {key}" for code, key in self.ratings.values() if code == authority)
        return states + rated


def initiated(authority: str, pep_id: UUID) -> str:
    return (
        f'{{"pep_id":"{pep_id}","child_id":"{pep_id}","kind":"review","variant":"school_age",'
        f'"profile_code":"{authority}","profile_version":3,"completion_due":null}}'
    )


async def live_through(log: Log, authority: str, pep_id: UUID, chance: random.Random) -> None:
    """Say a PEP's life, or the beginning of one, and tally where it ended."""
    stream, steps, state = f"pep-{pep_id}", chance.randrange(7), "initiated"
    await log.say("pep", stream, "PEPInitiated", authority, initiated(authority, pep_id))
    if steps > 0:
        due = '{"completion_due":"2026-12-01"}'
        await log.say("pep", stream, "MeetingTimeNoted", authority, due)
        state = "meeting_scheduled"
    if steps > 1:
        await log.say("pep", stream, "PageSaved", authority, '{"sealed":"personal"}')
        await log.say("pep", stream, "MeetingConfirmationNoted", authority, "{}")
        state = "meeting_confirmed"
    if steps > 2:
        for section in SECTIONS:
            done = f'{{"section":"{section}"}}'
            await log.say("pep", stream, "SectionCompleted", authority, done)
        state = "sections_complete"
    if steps > 3:
        await log.say("pep", stream, "PEPSubmitted", authority, "{}")
        state = "submitted"
    if steps > 4:
        await judged(log, authority, pep_id, chance)
        await log.say("pep", stream, "PEPReturned", authority, "{}")
        state = "returned"
    if steps > 5:
        await log.say("pep", stream, "PEPSubmitted", authority, "{}")
        await log.say("pep", stream, "PEPSignedOff", authority, "{}")
        state = "signed_off"
    log.state[stream] = (authority, state)


async def judged(log: Log, authority: str, pep_id: UUID, chance: random.Random) -> None:
    review, rating = f"review-{pep_id}", chance.choice(PROFILE.scale).key
    selected = f'{{"pep_id":"{pep_id}","round":1,"gates_sign_off":true}}'
    await log.say("qa", review, "QASelected", authority, selected)
    await log.say("qa", review, "QAPublished", authority, f'{{"rating":"{rating}"}}')
    log.ratings[review] = (authority, rating)


def counted(follower: Follower, authority: str) -> Counter[str]:
    profiles = ProfileVersions({3: PROFILE.model_copy(update={"code": authority})})
    numbers = count(follower.values(authority), profiles, TODAY)
    found: Counter[str] = Counter(signed_off=numbers.signed_off)
    for state in numbers.states:
        found[state.key] = state.count
    for rating in numbers.ratings:
        found[f"rated {rating.key}"] = rating.count
    return +found


@asynccontextmanager
async def producing(settings: QASettings) -> AsyncIterator[AIOKafkaProducer]:
    producer = AIOKafkaProducer(**settings.broker().options(), enable_idempotence=True)
    await producer.start()
    try:
        yield producer
    finally:
        await producer.stop()


@asynccontextmanager
async def following(settings: QASettings) -> AsyncIterator[Follower]:
    """A reader of the board, as each process of the API has one."""
    follower = Follower(settings)
    task = asyncio.create_task(follower.run())
    try:
        yield follower
    finally:
        await ended(task)


async def test_killing_a_worker_in_mid_stream_leaves_the_right_numbers(
    database: DatabaseFactory, topics: TopicFactory, kafka_bootstrap: str, tmp_path: Path
) -> None:
    chance = random.Random(SEED)
    url, prefix = await database("board"), await topics("pep", "qa")
    await migrate(url, SERVICE.all_migrations())
    settings = QASettings(
        database_url=SecretStr(url),
        kafka_bootstrap=kafka_bootstrap,
        topic_prefix=prefix,
    )

    async def right(reader: Follower) -> bool:
        return all(counted(reader, code) == log.tally(code) for code in AUTHORITIES)

    async def told() -> bool:
        return await right(follower)

    async def burst(peps: int) -> None:
        for _ in range(peps):
            pep_id = UUID(int=chance.getrandbits(128))
            await live_through(log, chance.choice(AUTHORITIES), pep_id, chance)
            await log.repeat(chance)

    with workers(settings, tmp_path) as (one, two):
        async with producing(settings) as producer, following(settings) as follower:
            log = Log(producer, prefix)

            async def shared() -> bool:
                return (await one.held(), await two.held()) == (6, 6)

            await eventually(shared, STANDING_STILL)
            await burst(PEPS)
            before = len(follower.values("330"))

            async def under_way() -> bool:
                return len(follower.values("330")) > before + PEPS // 20

            await eventually(under_way, STANDING_STILL)
            one.stand_still()
            await burst(PEPS // 4)
            await log.flush()
            assert not await told()  # it is in mid-stream, or this would show nothing
            one.end(signal.SIGKILL)
            await eventually(told, STANDING_STILL)

            async def alone() -> bool:
                return await two.held() == 12

            await eventually(alone, STANDING_STILL)

            one.start()  # and shares the work again
            await eventually(shared, STANDING_STILL)
            await burst(PEPS // 4)
            await log.flush()
            await eventually(told, STANDING_STILL)
            two.end(signal.SIGTERM)
            await burst(50)
            await log.flush()
            await eventually(told, STANDING_STILL)

            # A reader that begins now, from the compacted topic alone, sees the same.
            async with following(settings) as later:

                async def same() -> bool:
                    return await right(later)

                await eventually(same, STANDING_STILL)


async def test_the_board_counts_on_a_kafka_behind_tls_and_a_log_in(
    guarded_kafka: GuardedKafka, caplog: pytest.LogCaptureFixture
) -> None:
    """Topics, changelog, stream application and reader: each logs in."""
    chance, told = random.Random(SEED), dict[str, Any](guarded_kafka.told)
    settings = QASettings(
        database_url=SecretStr("postgresql://nowhere.invalid/qa"),
        topic_prefix=f"board{chance.getrandbits(32):x}.",
        **told,
    )
    await create_topics(settings.broker(), settings.topic_prefix, ["pep", "qa"], 1)
    counting = asyncio.create_task(BoardWorker(settings).run())
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.DEBUG, "aiokafka")  # which another test may have told to be quiet
    try:
        async with producing(settings) as producer, following(settings) as follower:
            log = Log(producer, settings.topic_prefix)
            for _ in range(10):
                pep_id = UUID(int=chance.getrandbits(128))
                await live_through(log, "330", pep_id, chance)
            await log.flush()

            async def right() -> bool:
                return bool(log.tally("330")) and counted(follower, "330") == log.tally("330")

            await eventually(right, STANDING_STILL)
    finally:
        await ended(counting)
    assert "Authenticated as" in caplog.text  # Kafka's client, whose log is whole here
    assert told["kafka_password"] not in caplog.text
