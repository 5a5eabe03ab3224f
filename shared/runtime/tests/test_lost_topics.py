"""Kafka has lost the topics: the log fills new ones, as docs/operations.md tells an operator to."""

from typing import Any

import pytest
from aiokafka.admin import AIOKafkaAdminClient
from counting import COUNTER, COUNTING, summing
from machinery import assert_each_once_in_order, counted, following, relaying, say, taken
from pydantic import SecretStr

from epep_events.pep import SettingRegistered, TargetSubmitted
from epep_local.testing import TopicFactory
from epep_local.topics import create_topics, delete_topics
from epep_runtime.broker import Broker
from epep_runtime.bus import Bus
from epep_runtime.event_store import EventStore
from epep_runtime.ids import new_id
from epep_runtime.operating import run_republish
from epep_runtime.postgres import Pool
from epep_runtime.settings import Settings
from epep_runtime.subscriptions import Reaction, Reactor
from epep_runtime.testing import eventually

pytestmark = pytest.mark.servers


async def answer(reaction: Reaction, event: TargetSubmitted, _: object) -> None:
    made = SettingRegistered(urn="1", name=event.statement, phase="x", authority_code="330")
    await reaction.append(COUNTER, f"answer-{reaction.meta.event_id}", lambda _: [made])


ANSWERING = Reactor("answering", ("pep",), {TargetSubmitted: answer})
LATELY = Reactor("lately", ("pep",), {TargetSubmitted: answer})


@pytest.fixture
async def settings(database_url: str, kafka_bootstrap: str, topics: TopicFactory) -> Settings:
    return Settings(
        database_url=SecretStr(database_url),
        kafka_bootstrap=kafka_bootstrap,
        topic_prefix=await topics("pep", partitions=1),
    )


async def test_a_lost_topic_is_filled_again_and_nobody_acts_twice(
    pool: Pool, store: EventStore, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    """The old topic held some events twice, so the new one is shorter than the stored places.

    One reactor was there from the beginning, another began at the old topic's end, and had
    nothing to do since.
    """
    key, bootstrap, topic = new_id(), settings.kafka_bootstrap, settings.topic("pep")
    bus = Bus(Broker(bootstrap), settings.topic_prefix, "test")
    async with following(pool, store, bus, COUNTING), following(pool, store, bus, ANSWERING) as one:
        await eventually(lambda: _joined(one))
        await say(pool, store, key, "one", "two", "three")
        await _all_published(pool, store, bootstrap, topic, events=6)
        await pool.execute("UPDATE relay_place SET sent = 0")  # as a relay that died often would
        await _all_published(pool, store, bootstrap, topic, events=6)
        await eventually(lambda: _all_read(pool, "counting", "answering", upto=12))
    async with following(pool, store, bus, LATELY) as one:
        await eventually(lambda: _joined(one))
    async with relaying(pool, store, bootstrap, topic) as relay:
        await eventually(lambda: _leads(relay))
        assert await run_republish("pep", settings) == 1
    assert "pep is running: stop all services first." in capsys.readouterr().err
    await delete_topics(Broker(bootstrap), [topic])
    await eventually(lambda: _is_gone(bootstrap, topic))
    assert await run_republish("pep", settings) == 1
    assert "make all topics first." in capsys.readouterr().err
    await create_topics(Broker(bootstrap), settings.topic_prefix, contexts=("pep",), partitions=1)
    assert await run_republish("pep", settings) == 0
    said = capsys.readouterr().out
    assert (
        f"pep sends its 6 events again when it starts.\nIt reads from the beginning: {topic}."
        in said
    )
    async with (
        relaying(pool, store, bootstrap, topic),
        following(pool, store, bus, COUNTING),
        following(pool, store, bus, ANSWERING),
        following(pool, store, bus, LATELY),
        following(pool, store, bus, summing()),  # is new, and reads everything
    ):
        await say(pool, store, key, "four", "five")
        await eventually(lambda: _answers(pool, 3 + 2 + 2))
        await eventually(
            lambda: _all_read(pool, "counting", "answering", "lately", "summing", upto=12)
        )
    await assert_each_once_in_order(pool, 5)
    assert await taken(pool, key) == ["one", "two", "three", "four", "five"]
    assert await counted(pool) == await pool.fetchval("SELECT count(*) FROM lines") == 5
    assert await run_republish("pep", settings) == 0
    assert "pep sends nothing again: its topic has events" in capsys.readouterr().out


async def _all_published(
    pool: Pool, store: EventStore, bootstrap: str, topic: str, events: int
) -> None:
    async with relaying(pool, store, bootstrap, topic):

        async def all_sent() -> bool:
            return bool(await pool.fetchval("SELECT sent = $1 FROM relay_place", events))

        await eventually(all_sent)


async def _all_read(pool: Pool, *subscriptions: str, upto: int) -> bool:
    at = await pool.fetchval(
        "SELECT count(*) FROM places WHERE subscription = ANY($1) AND next_offset >= $2",
        subscriptions,
        upto,
    )
    return bool(at == len(subscriptions))


async def _answers(pool: Pool, number: int) -> bool:
    found = await pool.fetchval("SELECT count(*) FROM events WHERE type = 'SettingRegistered'")
    assert found <= number
    return bool(found == number)


async def _joined(runner: Any) -> bool:
    return bool(runner.lag()["assigned"])


async def _leads(relay: Any) -> bool:
    return bool(relay.leading)


async def _is_gone(bootstrap: str, topic: str) -> bool:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    try:
        await admin.start()
        there: set[str] = set(await admin.list_topics())
        return topic not in there
    finally:
        await admin.close()
