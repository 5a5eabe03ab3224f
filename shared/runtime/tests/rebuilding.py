"""What the tests of rebuilding share: a world with events in it, and a reader who never rests."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from counting import COUNTER, cause, submitted
from machinery import following, relaying

from epep_runtime.bus import Bus
from epep_runtime.event_store import EventStore
from epep_runtime.ids import new_id
from epep_runtime.postgres import Pool
from epep_runtime.rebuild import Rebuilt, rebuild
from epep_runtime.settings import Settings
from epep_runtime.subscriptions import Projector
from epep_runtime.testing import eventually

PAGE = """
SELECT (SELECT coalesce(sum(n), 0) FROM sums) AS summed, (SELECT count(*) FROM lines) AS lines,
       (SELECT array_agg(DISTINCT shelf) FROM
         (SELECT shelf FROM sums UNION SELECT shelf FROM lines) a) AS shelves
"""


@dataclass
class World:
    """One service's database and topic."""

    pool: Pool
    store: EventStore
    settings: Settings

    @property
    def bus(self) -> Bus:
        return Bus(self.settings.broker(), self.settings.topic_prefix, "pep")

    async def say(self, key: UUID, *statements: str) -> None:
        async with self.pool.acquire() as connection, connection.transaction():
            version = (await self.store.load(connection, COUNTER, key)).version
            events = [submitted(key, statement) for statement in statements]
            await self.store.append(
                connection, COUNTER.stream(key), version, events, cause(), about=key
            )

    async def say_many(self, streams: int, each: int) -> list[UUID]:
        keys = [new_id() for _ in range(streams)]
        for key in keys:
            await self.say(key, *(str(number) for number in range(each)))
        return keys

    async def page(self) -> tuple[int, int, list[str] | None]:
        row = await self.pool.fetchrow(PAGE)
        assert row is not None
        return row["summed"], row["lines"], row["shelves"]

    async def take_live(self, projector: Projector, events: int) -> None:
        """Let the live read model take all there is, then stop it."""
        async with following(self.pool, self.store, self.bus, projector):
            await eventually(lambda: self.has(events))

    async def has(self, events: int) -> bool:
        return (await self.page())[:2] == (events, events)

    async def rebuild(self, projector: Projector, **options: Any) -> Rebuilt:
        quiet: Any = lambda *_: None  # noqa: E731
        return await rebuild("pep", self.settings, projector, quiet, **options)

    def relaying(self) -> Any:
        topic = self.settings.topic("pep")
        return relaying(self.pool, self.store, self.settings.kafka_bootstrap, topic)

    def following(self, projector: Projector) -> Any:
        return following(self.pool, self.store, self.bus, projector)


@asynccontextmanager
async def reading(world: World, readers: int = 3) -> AsyncIterator[list[Any]]:
    """Ask for the page again and again; yields the list of all that was seen."""
    seen: list[Any] = []
    stop = asyncio.Event()

    async def read() -> None:
        while not stop.is_set():
            seen.append(await world.page())

    tasks = [asyncio.create_task(read()) for _ in range(readers)]
    try:
        yield seen
    finally:
        stop.set()
        await asyncio.gather(*tasks)
