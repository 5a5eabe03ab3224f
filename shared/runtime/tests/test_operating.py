"""What an operator does to parked streams and read models, and what is kept of it."""

import argparse
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from counting import COUNTER, summing
from pydantic import SecretStr
from rebuilding import World

from epep_events.contexts import catalog
from epep_events.operations import ParkedEventSkipped, ParkedStreamRetried
from epep_events.pep import TargetSubmitted
from epep_local.testing import TopicFactory
from epep_runtime import runner as running
from epep_runtime.event_store import EventStore
from epep_runtime.generations import begin_or_join
from epep_runtime.ids import new_id
from epep_runtime.metrics import exposition
from epep_runtime.operating import DIFFERS, add_commands, run_parked, run_rebuild
from epep_runtime.parking import list_parked
from epep_runtime.postgres import Connection, Pool
from epep_runtime.service import Running, Service
from epep_runtime.settings import Settings
from epep_runtime.testing import eventually

pytestmark = pytest.mark.servers


async def refuse_bad(_: Connection, event: TargetSubmitted, __: Any) -> None:
    if event.statement.startswith("bad"):
        raise RuntimeError("not this one")


@pytest_asyncio.fixture(loop_scope="session")
async def world(
    pool: Pool,
    store: EventStore,
    database_url: str,
    kafka_bootstrap: str,
    topics: TopicFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[World]:
    monkeypatch.setattr(running, "PAUSES", (0.01, None))
    monkeypatch.setattr(running, "LOOK_SECONDS", 0.05)
    prefix = await topics("pep", partitions=1)
    settings = Settings(
        database_url=SecretStr(database_url),
        kafka_bootstrap=kafka_bootstrap,
        topic_prefix=prefix,
    )
    made = World(pool, store, settings)
    async with made.relaying():
        yield made


async def asked(world: World, *words: str) -> int:
    parser = argparse.ArgumentParser()
    add_commands(parser.add_subparsers(dest="command"), ["summing"])
    arguments = parser.parse_args(words)
    if arguments.command == "parked":
        return await run_parked("pep", world.settings, arguments)
    return await run_rebuild("pep", world.settings, summing(), arguments)


async def facts(world: World) -> list[Any]:
    async with world.pool.acquire() as connection:
        return await world.store.read(connection, "operations")


async def test_skipping_takes_the_first_event_out_lets_the_rest_go_on_and_is_a_fact(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    key = new_id()
    stream = COUNTER.stream(key)
    async with world.following(summing("a", refuse_bad)):
        await world.say(key, "good", "bad", "after")
        await eventually(lambda: list_parked(world.pool))
        await eventually(lambda: _waiting(world, 2))
        await world.pool.execute("UPDATE parked_streams SET next_try_at = now() + interval '1 day'")
        assert await asked(world, "parked", "list") == 0
        assert await asked(world, "parked", "show", stream) == 0
        shown = capsys.readouterr().out
        assert f"summing  {stream}  2 waiting  RuntimeError" in shown
        assert "publication 2: TargetSubmitted of shape 1, version 2 of the stream" in shown
        assert await asked(world, "parked", "skip", stream, "--why", " ") == 1
        assert await asked(world, "parked", "skip", stream, "--why", "Said twice by mistake") == 0
        await eventually(lambda: world.has(2))
        await eventually(lambda: _none_parked(world))
    [fact] = await facts(world)
    assert fact.data == ParkedEventSkipped(
        subscription="summing",
        topic=world.settings.topic("pep"),
        stream=stream,
        publication=2,
        event_type="TargetSubmitted",
        why="Said twice by mistake",
    )
    assert fact.meta.actor.id.startswith("operator:")


async def test_retrying_makes_the_next_try_now_and_is_a_fact(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    key = new_id()
    stream = COUNTER.stream(key)
    async with world.following(summing("a", refuse_bad)):
        await world.say(key, "bad", "after")
        await eventually(lambda: _waiting(world, 2))
    await world.pool.execute("UPDATE parked_streams SET next_try_at = now() + interval '1 day'")
    async with world.following(summing("a")):  # mended
        assert await asked(world, "parked", "retry", stream) == 0
        await eventually(lambda: world.has(2))
        await eventually(lambda: _none_parked(world))
    assert f"{stream} is tried again now in summing.\n" in capsys.readouterr().out
    [fact] = await facts(world)
    assert fact.data == ParkedStreamRetried(
        subscription="summing",
        topic=world.settings.topic("pep"),
        stream=stream,
        error="RuntimeError",
    )


async def test_a_stream_parked_in_two_subscriptions_must_be_skipped_in_one_by_name(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    key = new_id()
    stream = COUNTER.stream(key)
    await world.say(key, "bad")
    other = replace(summing("a", refuse_bad), name="other")
    async with world.following(summing("a", refuse_bad)), world.following(other):
        await eventually(lambda: _parked_in(world, 2))
    assert await asked(world, "parked", "skip", stream, "--why", "x") == 1
    assert "name one with --subscription" in capsys.readouterr().err
    chosen = ("--subscription", "other")
    assert await asked(world, "parked", "skip", stream, "--why", "x", *chosen) == 0
    assert [fact.data.subscription for fact in await facts(world)] == ["other"]


async def test_a_stream_that_is_not_parked_is_said_to_be_so(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    assert await asked(world, "parked", "list") == 0
    assert await asked(world, "parked", "retry", "pep-1") == 1
    said = capsys.readouterr()
    assert said.out == "No stream is parked.\n"
    assert said.err == "pep-1 is not parked.\n"
    assert await facts(world) == []


async def test_rebuild_says_how_far_it_is_what_differs_and_what_is_kept(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    [key] = await world.say_many(1, 3)
    await world.take_live(summing(), 3)
    await world.pool.execute("UPDATE sums SET n = 9")
    assert await asked(world, "rebuild", "summing", "--compare") == DIFFERS
    said = capsys.readouterr().out
    assert "\n3 3\n" in f"\n{said}"
    assert f"sums (stream_id={COUNTER.stream(key)}): other n\n" in said
    assert "4 live rows compared, 1 rows differ. Nothing was switched." in said
    assert await asked(world, "rebuild", "summing") == 0
    assert "Generation 1 of summing is live." in capsys.readouterr().out
    assert await asked(world, "rebuild", "summing", "--drop-old") == 0
    assert await asked(world, "rebuild", "summing", "--drop-old") == 0
    assert capsys.readouterr().out == (
        "Generation 0 of summing is dropped.\nsumming has no old generation.\n"
    )
    assert await world.page() == (3, 3, ["a"])


async def test_metrics_and_readiness_tell_of_lag_parked_streams_relay_and_rebuild(
    world: World, tmp_path: Path
) -> None:
    key = new_id()
    async with world.following(summing("a", refuse_bad)):
        await world.say(key, "bad", "after")
        await eventually(lambda: _waiting(world, 2))
    await begin_or_join(world.pool, summing(), 7)
    service = Service("pep", "a service", tmp_path, projectors=(summing(),))
    process = Running(service, world.settings, world.pool, catalog(), world.store.keyring)
    said = (await exposition(process)).decode()
    for line in (
        'epep_subscription_lag_events{subscription="summing"} 0.0',
        'epep_parked_streams{subscription="summing"} 1.0',
        'epep_parked_oldest_seconds{subscription="summing"}',
        "epep_relay_leading 0.0",
        "epep_relay_unsent_events 0.0",
        "epep_relay_unsent_seconds 0.0",
        'epep_rebuild_done_events{generation="1",read_model="summing"} 0.0',
        'epep_rebuild_total_events{generation="1",read_model="summing"} 7.0',
    ):
        assert f"\n{line}" in said
    assert (await process.health())["parked"] == {"streams": 1, "events": 2}


async def _waiting(world: World, number: int) -> bool:
    return [each.waiting for each in await list_parked(world.pool)] == [number]


async def _parked_in(world: World, number: int) -> bool:
    return len(await list_parked(world.pool)) == number


async def _none_parked(world: World) -> bool:
    return not await list_parked(world.pool)
