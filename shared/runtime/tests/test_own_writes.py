"""Whoever has changed something sees it: reads wait for the read models, two seconds at most."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID

import pytest
import pytest_asyncio
from counting import COUNTER, COUNTING_SQL, count_it, submitted
from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from epep_events.envelope import Metadata
from epep_events.pep import TargetSubmitted
from epep_local.testing import DatabaseFactory, TopicFactory
from epep_runtime import own_writes
from epep_runtime.commands import Answer
from epep_runtime.http import Asking, Changing, running_of
from epep_runtime.ids import new_id
from epep_runtime.own_writes import CATCHING_UP, WRITTEN, Written
from epep_runtime.postgres import Connection
from epep_runtime.service import Service
from epep_runtime.subscriptions import Projector
from epep_runtime.testing import ServiceUnderTest, eventually, service_under_test

PERSON = new_id()
KEY = UUID("01975a52-3a0e-7c1b-9d56-6a9f4d0f7e01")
router = APIRouter()
gate = asyncio.Event()


async def count_when_let(connection: Connection, event: TargetSubmitted, meta: Metadata) -> None:
    await gate.wait()
    await count_it(connection, event, meta)


COUNTING = Projector("counting", ("pep",), ("counted",), {TargetSubmitted: count_when_let})


@router.post("/counters/{key}")
async def submit(key: UUID, change: Changing, request: Request) -> JSONResponse:
    return await running_of(request).commands.carry_out(
        change,
        COUNTER,
        key,
        lambda _: [submitted(key)],
        role="social_worker",
        authority="330",
        answer=lambda _, version: Answer({"version": version}),
        needs_version=False,
    )


@router.get("/counters/{key}")
async def shown(key: UUID, _: Asking, request: Request) -> int:
    count: int = await running_of(request).pool.fetchval(
        "SELECT count(*) FROM counted WHERE stream_id = $1", COUNTER.stream(key)
    )
    return count


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def service(
    database: DatabaseFactory,
    topics: TopicFactory,
    kafka_bootstrap: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[ServiceUnderTest]:
    folder: Path = tmp_path_factory.mktemp("migrations")
    (folder / "0001_counted.sql").write_text(COUNTING_SQL)
    tried = Service("pep", "A service to try.", folder, routers=[router], projectors=[COUNTING])
    async with service_under_test(
        tried, await database("own_writes"), kafka_bootstrap, await topics()
    ) as running:
        yield running


@pytest.mark.servers
async def test_a_read_waits_until_the_read_model_shows_the_change(
    service: ServiceUnderTest,
) -> None:
    gate.clear()
    key, person = new_id(), service.as_person(PERSON, ("330", "social_worker"))
    changed = await service.client.post(f"/counters/{key}", headers=person)
    assert changed.headers[WRITTEN] == f"pep:counter-{key}:1:TargetSubmitted"

    stale = await service.client.get(f"/counters/{key}", headers=person)
    assert (stale.json(), CATCHING_UP in stale.headers) == (0, False)

    own = {WRITTEN: changed.headers[WRITTEN]}
    late = await service.client.get(f"/counters/{key}", headers=person | own)
    assert (late.json(), late.headers[CATCHING_UP]) == (0, "true")

    waiting = asyncio.create_task(service.client.get(f"/counters/{key}", headers=person | own))
    gate.set()
    seen = await waiting
    assert (seen.json(), CATCHING_UP in seen.headers) == (1, False)


@pytest.mark.servers
async def test_the_first_answer_again_says_what_was_written(service: ServiceUnderTest) -> None:
    gate.set()
    key = new_id()
    headers = service.as_person(PERSON, ("330", "social_worker")) | {"Idempotency-Key": f"k{key}"}
    answers = [await service.client.post(f"/counters/{key}", headers=headers) for _ in range(2)]
    assert {answer.headers[WRITTEN] for answer in answers} == {
        f"pep:counter-{key}:1:TargetSubmitted"
    }


@pytest.mark.servers
async def test_nobody_waits_for_a_context_that_the_service_does_not_follow(
    service: ServiceUnderTest,
) -> None:
    other = Written("qa", f"review-{new_id()}", 1, "QAPublished")
    assert await own_writes.wait_until_shown(service.process.pool, [COUNTING], [other], 0.0)


@pytest.mark.servers
async def test_nobody_waits_for_a_read_model_that_does_not_handle_the_event(
    service: ServiceUnderTest,
) -> None:
    pool, stream = service.process.pool, f"counter-{new_id()}"
    other = Written("pep", stream, 1, "PEPInitiated")
    assert await own_writes.wait_until_shown(pool, [COUNTING], [other], 0.0)
    concerned = Written("pep", stream, 1, "TargetSubmitted")
    assert not await own_writes.wait_until_shown(pool, [COUNTING], [concerned], 0.0)


@pytest.mark.servers
async def test_what_was_heard_is_kept_for_a_minute(service: ServiceUnderTest) -> None:
    gate.set()
    pool, key = service.process.pool, new_id()
    await service.client.post(
        f"/counters/{key}", headers=service.as_person(PERSON, ("330", "social_worker"))
    )
    of_stream = "SELECT count(*) FROM heard_streams WHERE stream_id = $1"

    async def heard() -> bool:
        return bool(await pool.fetchval(of_stream, f"counter-{key}"))

    await eventually(heard)
    await own_writes.forget_old(pool)
    assert await heard()

    async def forgotten() -> bool:
        # Each time: a projector that hears an event again, after a rebalance, notes it again.
        await pool.execute("UPDATE heard_streams SET heard_at = heard_at - interval '61 seconds'")
        await own_writes.forget_old(pool)
        return not await heard()

    await eventually(forgotten)


def test_a_header_with_anything_else_in_it_is_read_as_far_as_it_goes() -> None:
    good = f"pep:pep-{KEY}:3:PageSaved"
    both = [
        Written("pep", f"pep-{KEY}", 3, "PageSaved"),
        Written("identity", "operations", 2, "LogSealed"),
    ]
    header = f"{good}, nonsense, qa:'; DROP:1:X,{good}:,identity:operations:2:LogSealed"
    assert own_writes.parse(header) == both
    assert own_writes.parse(own_writes.say(both)) == both


def test_of_very_many_the_newest_are_waited_for() -> None:
    many = [Written("pep", f"pep-{KEY}", number, "PageSaved") for number in range(40)]
    assert own_writes.parse(own_writes.say(many)) == many[-own_writes.MOST :]
