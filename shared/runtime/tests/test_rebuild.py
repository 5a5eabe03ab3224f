"""A read model is built again beside the live one, which people go on reading and writing."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import asyncpg
import pytest
import pytest_asyncio
from aiokafka import TopicPartition
from counting import COUNTER, cause, summing
from pydantic import SecretStr
from rebuilding import World, reading

from epep_events.operations import ReadModelRebuilt
from epep_events.pep import TargetSubmitted
from epep_local.testing import TopicFactory
from epep_runtime import runner as running
from epep_runtime.event_store import EventStore
from epep_runtime.failed_events import EventFailedError
from epep_runtime.generations import (
    GenerationGoneError,
    RebuildError,
    begin_or_join,
    drop_all,
    generations_of,
    work_in,
)
from epep_runtime.ids import new_id
from epep_runtime.parking import list_parked
from epep_runtime.places import Place, PlaceLostError, move_place, read_places
from epep_runtime.postgres import Connection, Pool
from epep_runtime.runner import Runner
from epep_runtime.settings import Settings
from epep_runtime.switching import switch
from epep_runtime.testing import eventually

pytestmark = pytest.mark.servers


@pytest_asyncio.fixture(loop_scope="session")
async def world(
    pool: Pool, store: EventStore, database_url: str, kafka_bootstrap: str, topics: TopicFactory
) -> AsyncIterator[World]:
    prefix = await topics("pep", partitions=3)
    settings = Settings(
        database_url=SecretStr(database_url),
        kafka_bootstrap=kafka_bootstrap,
        topic_prefix=prefix,
    )
    made = World(pool, store, settings)
    async with made.relaying():
        yield made


async def states(world: World) -> list[tuple[int, str]]:
    return [(each.number, each.state) for each in await generations_of(world.pool, "summing")]


async def test_people_read_all_the_while_and_see_the_old_page_or_the_new_one(world: World) -> None:
    await world.say_many(10, 20)
    await world.take_live(summing("a"), 200)
    async with reading(world) as seen:
        done = await world.rebuild(summing("b"))
        await eventually(lambda: _on_shelf(world, "b"))
    assert done.switched
    assert {(summed, lines, tuple(shelves)) for summed, lines, shelves in seen} == {
        (200, 200, ("a",)),
        (200, 200, ("b",)),
    }


async def test_live_events_keep_flowing_and_none_is_lost_or_doubled(world: World) -> None:
    keys = await world.say_many(6, 20)
    stop, said = asyncio.Event(), [120]

    async def write() -> None:
        while not stop.is_set():
            await world.say(keys[said[0] % len(keys)], "more")
            said[0] += 1

    async with world.following(summing()):
        await eventually(lambda: world.has(120))
        writing = asyncio.create_task(write())
        async with reading(world, 1) as seen:
            for generation in (1, 2):
                done = await world.rebuild(summing())
                assert (done.switched, done.generation.number) == (True, generation)
            after = said[0]
            await eventually(_once(lambda: said[0] > after))
        stop.set()
        await writing
        await eventually(lambda: world.has(said[0]))
    assert said[0] > 120
    assert all(summed == lines >= 120 for summed, lines, _ in seen)
    counts = [summed for summed, *_ in seen]
    assert counts == sorted(counts), "no page went back in time"
    doubled = (
        "SELECT count(*) FROM (SELECT FROM lines GROUP BY stream_id, version HAVING count(*) > 1) d"
    )
    assert await world.pool.fetchval(doubled) == 0


async def test_an_interrupted_rebuild_goes_on_with_the_same_generation(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "REBUILD_RECORDS", 10)
    key, reached = new_id(), asyncio.Event()
    await world.say(key, *(str(number) for number in range(50)))
    await world.take_live(summing("a"), 50)

    async def stop_at_25(_: Connection, event: TargetSubmitted, __: Any) -> None:
        if event.statement == "25":
            reached.set()
            await asyncio.Event().wait()

    first = asyncio.create_task(world.rebuild(summing("b", stop_at_25)))
    await asyncio.wait_for(reached.wait(), 60)
    before = await read_places(world.pool, "summing@1")
    first.cancel()
    await asyncio.wait([first], timeout=60)
    assert first.cancelled()
    assert [place.publication for place in before.values() if place.publication] == [20]
    assert await states(world) == [(0, "live"), (1, "building")]
    assert await world.page() == (50, 50, ["a"])

    again: list[str] = []

    async def note(_: Connection, event: TargetSubmitted, __: Any) -> None:
        again.append(event.statement)

    done = await world.rebuild(summing("b", note))
    assert (done.switched, done.generation.number) == (True, 1)
    assert again == [str(number) for number in range(20, 50)]
    assert await world.page() == (50, 50, ["b"])


async def test_two_workers_share_a_rebuild_by_partition(world: World) -> None:
    building = await begin_or_join(world.pool, summing(), 0)
    shares: tuple[list[str], list[str]] = ([], [])

    def worker(share: list[str]) -> Runner:
        async def note(_: Connection, __: Any, meta: Any) -> None:
            share.append(meta.stream_id)

        projector = replace(summing("b", note), name=building.subscription)
        return Runner(world.pool, world.store, world.bus, projector, generation=building)

    workers = [worker(share) for share in shares]
    tasks = [asyncio.create_task(each.run()) for each in workers]

    async def both_joined() -> bool:
        assigned = [each.lag()["assigned"] for each in workers]
        return sum(assigned) == 3 and all(assigned)

    await eventually(both_joined)
    await world.say_many(20, 5)
    await eventually(_once(lambda: sum(map(len, shares)) >= 100))
    assert await switch(world.pool, world.store, summing(), building, cause())
    await asyncio.wait_for(asyncio.gather(*tasks), 60)  # they find that there is no more to do
    assert set(shares[0]).isdisjoint(shares[1])
    assert all(shares)
    assert await world.page() == (100, 100, ["b"])


async def test_of_two_rebuilds_at_once_one_switches_and_the_other_says_so(world: World) -> None:
    await world.say_many(6, 10)
    await world.take_live(summing("a"), 60)
    done = await asyncio.gather(world.rebuild(summing("b")), world.rebuild(summing("b")))
    assert sorted(each.switched for each in done) == [False, True]
    assert await states(world) == [(0, "old"), (1, "live")]
    assert await world.page() == (60, 60, ["b"])


@pytest.mark.parametrize("error", [RuntimeError, asyncpg.UniqueViolationError])
async def test_an_event_that_fails_stops_the_rebuild_and_is_named(
    world: World, error: type[Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "PAUSES", (0.01, None))
    key = new_id()
    await world.say(key, "good", "bad", "after")
    await world.take_live(summing("a"), 3)

    async def refuse(_: Connection, event: TargetSubmitted, __: Any) -> None:
        if event.statement == "bad":
            raise error("Jamie Smith")

    with pytest.raises(EventFailedError) as stopped:
        await world.rebuild(summing("b", refuse))
    said = str(stopped.value)
    assert said.startswith(f"TargetSubmitted, version 2 of {COUNTER.stream(key)}, publication 2 ")
    assert f"{error.__name__} in test_rebuild.py" in said
    assert "Jamie" not in said
    assert await world.page() == (3, 3, ["a"])
    assert await list_parked(world.pool) == []
    assert (await world.rebuild(summing("b"))).generation.number == 1  # mended, it goes on
    assert await world.page() == (3, 3, ["b"])


async def test_compare_finds_a_planted_difference_and_switches_nothing(world: World) -> None:
    [one, two] = await world.say_many(2, 5)
    await world.take_live(summing("a"), 10)
    await world.pool.execute("UPDATE sums SET n = 7 WHERE stream_id = $1", COUNTER.stream(one))
    await world.pool.execute(
        "DELETE FROM lines WHERE stream_id = $1 AND version = 2", COUNTER.stream(two)
    )
    found = (await world.rebuild(summing("a"), only_compare=True)).comparison
    assert found
    assert found.differing == 2
    assert [str(each) for each in found.first] == [
        f"sums (stream_id={COUNTER.stream(one)}): other n",
        f"lines (shelf=a, version=2, stream_id={COUNTER.stream(two)}): only new",
    ]
    assert await states(world) == [(0, "live"), (1, "building")]
    await world.rebuild(summing("a"))
    async with world.following(summing("a")):
        after = (await world.rebuild(summing("a"), only_compare=True)).comparison
    assert after
    assert (after.differing, after.rows) == (0, 12)


async def test_what_was_live_is_kept_until_it_is_dropped(world: World) -> None:
    await world.say_many(2, 5)
    await world.take_live(summing("a"), 10)
    before = await _indexes(world)
    await world.rebuild(summing("b"))
    assert await world.pool.fetchval("SELECT count(*) FROM gen_summing_0.lines") == 10
    assert set(await read_places(world.pool, "summing@0"))
    assert await _indexes(world) == before, "a later migration finds them by name"
    await world.rebuild(summing("c"), keep_older=True)
    assert await states(world) == [(0, "old"), (1, "old"), (2, "live")]
    await world.rebuild(summing("d"))
    assert await states(world) == [(2, "old"), (3, "live")]
    assert await drop_all(world.pool, "summing", "old") == [2]
    schemas = await world.pool.fetch("SELECT nspname FROM pg_namespace WHERE nspname ~ '^gen_'")
    assert list(schemas) == []
    assert await read_places(world.pool, "summing@2") == {}
    assert await world.page() == (10, 10, ["d"])


async def test_the_switch_is_a_fact_in_the_services_own_log(world: World) -> None:
    await world.say_many(1, 4)
    await world.take_live(summing(), 4)
    await world.rebuild(summing())
    async with world.pool.acquire() as connection:
        [fact] = await world.store.read(connection, "operations")
    assert fact.data == ReadModelRebuilt(read_model="summing", generation=1, events=4)
    assert fact.meta.actor.id.startswith("operator:")


async def test_whoever_comes_after_the_switch_cannot_write(world: World) -> None:
    await world.say_many(1, 4)
    await world.take_live(summing(), 4)
    [(topic, partition)] = [
        where
        for where, place in (await read_places(world.pool, "summing")).items()
        if place.next_offset
    ]
    building = (await world.rebuild(summing())).generation
    where = TopicPartition(topic, partition)
    async with world.pool.acquire() as connection:
        with pytest.raises(PlaceLostError):  # the same offset and publication, but another table
            await move_place(connection, "summing", where, Place(4, 4, 0), Place(5, 5, 0))
        async with connection.transaction():
            with pytest.raises(GenerationGoneError):
                await work_in(connection, building)


async def test_what_was_parked_stays_with_the_old_generation(world: World) -> None:
    key, mended = new_id(), asyncio.Event()

    async def refuse(_: Connection, event: TargetSubmitted, __: Any) -> None:
        if event.statement == "bad" and not mended.is_set():
            raise RuntimeError("not yet")

    async with world.following(summing("a", refuse)):
        await world.say(key, "good", "bad", "after")
        await eventually(lambda: _waiting(world, "summing", 2))
        mended.set()
        await world.rebuild(summing("b"))
        assert await world.page() == (3, 3, ["b"])
        await world.say(key, "later")
        await eventually(lambda: world.has(4))
    assert await _waiting(world, "summing@0", 2)


REFUSED = [
    ("ALTER TABLE lines ADD FOREIGN KEY (stream_id) REFERENCES sums", "foreign key"),
    ("ALTER TABLE lines ADD n integer GENERATED ALWAYS AS IDENTITY", "lines.n is an identity"),
    ("ALTER TABLE lines ADD n serial", "lines.n takes its values from a sequence"),
    ("CREATE VIEW shown AS SELECT * FROM sums", "the view shown reads sums"),
    ("ALTER TABLE sums RENAME TO totals", "there is no table sums"),
]


@pytest.mark.parametrize(("change", "sentence"), REFUSED)
async def test_tables_that_cannot_be_made_again_are_refused_in_a_sentence(
    pool: Pool, change: str, sentence: str
) -> None:
    await pool.execute(change)
    with pytest.raises(RebuildError, match=sentence):
        await begin_or_join(pool, summing(), 0)
    assert await generations_of(pool, "summing") == []


async def test_a_table_that_a_migration_changed_meanwhile_is_not_replaced(world: World) -> None:
    await world.say_many(1, 3)
    await world.take_live(summing("a"), 3)
    await begin_or_join(world.pool, summing(), 0)
    await world.pool.execute("ALTER TABLE sums ADD note text")
    with pytest.raises(RebuildError, match="--begin-again"):
        await world.rebuild(summing("b"))
    assert await drop_all(world.pool, "summing", "building") == [1]
    assert (await world.rebuild(summing("b"))).switched
    assert await world.page() == (3, 3, ["b"])


SECURITY = """
SELECT relrowsecurity, relforcerowsecurity, (SELECT count(*) FROM pg_policies
        WHERE schemaname = 'public' AND tablename = 'sums' AND policyname = 'on_shelf_b')
  FROM pg_class WHERE oid = 'public.sums'::regclass
"""


async def test_row_security_is_in_force_from_the_switch_on(world: World) -> None:
    await world.say_many(1, 3)
    await world.pool.execute(
        "CREATE POLICY on_shelf_b ON sums USING (shelf = 'b');"
        "ALTER TABLE sums ENABLE ROW LEVEL SECURITY; ALTER TABLE sums FORCE ROW LEVEL SECURITY"
    )
    assert (await world.rebuild(summing("b"))).switched
    found = await world.pool.fetchrow(SECURITY)
    assert found is not None
    assert tuple(found) == (True, True, 1)


def _once(look: Any) -> Any:
    async def asked() -> bool:
        return bool(look())

    return asked


async def _on_shelf(world: World, shelf: str) -> bool:
    return (await world.page())[2] == [shelf]


async def _waiting(world: World, subscription: str, number: int) -> bool:
    found = [(each.subscription, each.waiting) for each in await list_parked(world.pool)]
    return found == [(subscription, number)]


async def _indexes(world: World) -> list[str]:
    rows = await world.pool.fetch(
        "SELECT indexdef FROM pg_indexes WHERE schemaname = 'public'"
        " AND tablename IN ('sums', 'lines') ORDER BY 1"
    )
    return [row[0] for row in rows]
