"""A process hears when a read model has changed of which it remembers answers, or knows better."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace

import pytest
import pytest_asyncio
from counting import summing
from pydantic import SecretStr
from rebuilding import World

from epep_events.pep import PageSaved, TargetSubmitted
from epep_local.testing import TopicFactory
from epep_runtime.event_store import EventStore
from epep_runtime.news import News, tell_of
from epep_runtime.own_writes import Written
from epep_runtime.postgres import Pool
from epep_runtime.settings import Settings
from epep_runtime.testing import eventually
from epep_runtime.waiting import ended

pytestmark = pytest.mark.servers
TELLING = replace(summing("a"), tells=tuple(summing("a").handles))
SAID = {kind.type_name() for kind in TELLING.tells}
BACKEND = (
    "SELECT pid FROM pg_stat_activity WHERE application_name = 'epep hears read_model_changed'"
)


@asynccontextmanager
async def hearing(url: str) -> AsyncIterator[News]:
    """A process that listens."""
    news = News(url, [TELLING])
    task = asyncio.create_task(news.run())
    try:
        await eventually(lambda: _hears(news))
        yield news
    finally:
        await ended(task)


async def _hears(news: News) -> bool:
    return news.edition is not None


async def _ended(news: News, before: int | None) -> bool:
    return news.edition is not None and news.edition != before


@pytest_asyncio.fixture(loop_scope="session")
async def world(
    pool: Pool, store: EventStore, database_url: str, kafka_bootstrap: str, topics: TopicFactory
) -> AsyncIterator[World]:
    prefix = await topics("pep", partitions=3)
    settings = Settings(
        database_url=SecretStr(database_url), kafka_bootstrap=kafka_bootstrap, topic_prefix=prefix
    )
    made = World(pool, store, settings)
    async with made.relaying():
        yield made


async def test_a_batch_of_another_process_ends_the_edition(world: World, database_url: str) -> None:
    async with hearing(database_url) as news:
        before = news.edition
        await world.say_many(2, 2)
        await world.take_live(TELLING, 4)
        await eventually(lambda: _ended(news, before))


async def test_the_switch_to_a_rebuilt_generation_ends_the_edition(
    world: World, database_url: str
) -> None:
    await world.say_many(2, 2)
    await world.take_live(TELLING, 4)
    async with hearing(database_url) as news:
        before = news.edition
        assert (await world.rebuild(replace(summing("b"), tells=TELLING.tells))).switched
        await eventually(lambda: _ended(news, before))


async def test_what_is_rolled_back_or_of_another_kind_is_not_told(
    pool: Pool, database_url: str
) -> None:
    async with hearing(database_url) as news:
        before = news.edition
        with suppress(ZeroDivisionError):
            async with pool.acquire() as connection, connection.transaction():
                await tell_of(connection, TELLING, SAID)
                raise ZeroDivisionError
        async with pool.acquire() as connection:
            await tell_of(connection, TELLING, {"SomethingElse"})
            await tell_of(connection, replace(TELLING, tells=()), SAID)
        assert news.edition == before
        async with pool.acquire() as connection:
            await tell_of(connection, TELLING, SAID)
        await eventually(lambda: _ended(news, before))
        assert news.edition == (before or 0) + 1


async def test_an_erasure_is_told_where_anything_is(pool: Pool, database_url: str) -> None:
    async with hearing(database_url) as news:
        before = news.edition
        async with pool.acquire() as connection:
            await tell_of(connection, TELLING, {"SubjectErased"})
        await eventually(lambda: _ended(news, before))


async def test_a_lost_connection_ends_the_edition_and_another_one_begins(
    pool: Pool, database_url: str
) -> None:
    async with hearing(database_url) as news:
        before = news.edition
        own = f"{BACKEND} AND datname = current_database()"
        await pool.execute(f"SELECT pg_terminate_backend(pid) FROM ({own}) AS listener")
        await eventually(lambda: _ended(news, before))


async def test_a_connection_that_is_silently_gone_is_noticed(pool: Pool, database_url: str) -> None:
    async with hearing(database_url) as news:
        listener = await pool.fetchval(f"{BACKEND} AND datname = current_database()")
        os.kill(listener, signal.SIGSTOP)
        try:
            await eventually(lambda: _deaf(news))
        finally:
            os.kill(listener, signal.SIGCONT)


async def _deaf(news: News) -> bool:
    return news.edition is None


async def test_ones_own_change_ends_it_only_where_it_is_told(database_url: str) -> None:
    async with hearing(database_url) as news:
        before = news.edition
        stream = "pep-0"
        news.end_for([Written("pep", stream, 1, PageSaved.type_name())])
        assert news.edition == before
        news.end_for([Written("pep", stream, 1, next(iter(SAID)))])
        assert news.edition != before


async def test_nobody_listens_where_no_read_model_tells(database_url: str) -> None:
    news = News(database_url, [summing("a")])
    await news.run()
    assert news.edition is None
    assert TargetSubmitted not in summing("a").tells
