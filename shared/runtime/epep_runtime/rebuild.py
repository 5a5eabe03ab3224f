"""Emptying a read model and building it again from the topics' beginning."""

import asyncio
from collections.abc import Callable

from aiokafka import AIOKafkaConsumer, TopicPartition

from epep_events.contexts import catalog
from epep_runtime.event_store import EventStore
from epep_runtime.places import forget_places, read_places
from epep_runtime.postgres import Pool, open_pool
from epep_runtime.runner import Bus, Runner
from epep_runtime.settings import Settings
from epep_runtime.subscriptions import Projector
from epep_runtime.topic_ends import ends_of

Progress = Callable[[int, int], None]


def say_progress(done: int, total: int) -> None:
    """Print how far the rebuild has come, as `done total` on a line."""
    print(f"{done} {total}", flush=True)  # noqa: T201


async def rebuild(
    name: str, settings: Settings, projector: Projector, progress: Progress = say_progress
) -> None:
    """Empty the projector's tables, set it back to the beginning, and follow until caught up.

    Emptying and setting back are one transaction, so an interrupted rebuild goes on where it was
    when any worker of the service, or this command, runs again. Live workers notice that their
    place was lost and help.
    """
    pool = await open_pool(settings.database_url.get_secret_value(), 4)
    try:
        async with pool.acquire() as connection, connection.transaction():
            await connection.execute(f"TRUNCATE {', '.join(projector.tables)}")
            await forget_places(connection, projector.name)
        ends = await _ends(settings, projector)
        bus = Bus(settings.kafka_bootstrap, settings.topic_prefix, name)
        runner = Runner(pool, EventStore(catalog(), name), bus, projector)
        task = asyncio.create_task(runner.run())
        try:
            await _until_caught_up(pool, projector, ends, progress)
        finally:
            runner.stop()
            await task
    finally:
        await pool.close()


async def _ends(settings: Settings, projector: Projector) -> dict[TopicPartition, int]:
    consumer = AIOKafkaConsumer(bootstrap_servers=settings.kafka_bootstrap)
    await consumer.start()
    try:
        topics = [settings.topic(context) for context in projector.contexts]
        return await ends_of(consumer, settings.kafka_bootstrap, topics)
    finally:
        await consumer.stop()


async def _until_caught_up(
    pool: Pool, projector: Projector, ends: dict[TopicPartition, int], progress: Progress
) -> None:
    total = sum(ends.values())
    while True:
        places = await read_places(pool, projector.name)
        done = sum(
            min(end, place.next_offset)
            for where, end in ends.items()
            if (place := places.get((where.topic, where.partition)))
        )
        progress(done, total)
        if done >= total:
            return
        await asyncio.sleep(0.2)
