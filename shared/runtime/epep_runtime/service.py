"""A service as a list of its parts, and the process that runs them."""

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

import structlog
from fastapi import APIRouter, FastAPI
from prometheus_client.core import Metric

from epep_events.catalog import Catalog
from epep_events.contexts import catalog as everything_said
from epep_runtime import own_writes
from epep_runtime.bus import Bus
from epep_runtime.commands import Commands
from epep_runtime.event_store import EventStore
from epep_runtime.feed import Feed
from epep_runtime.forgetting import FORGETTING
from epep_runtime.http import make_app
from epep_runtime.keyring import Keyring
from epep_runtime.keys import KEYS
from epep_runtime.migrations import RUNTIME_SQL, Migration, find
from epep_runtime.news import News
from epep_runtime.parking import count_parked
from epep_runtime.postgres import Pool, open_pool
from epep_runtime.proof.seals import seal_now_and_then
from epep_runtime.relay import Relay
from epep_runtime.runner import Runner
from epep_runtime.settings import Settings
from epep_runtime.subscriptions import Projector, Reactor
from epep_runtime.tokens import TokenVerifier
from epep_runtime.waiting import when_there

log = structlog.get_logger()
DRAIN_SECONDS, CLOSE_SECONDS = 8.5, 0.5
P = TypeVar("P")
Job: TypeAlias = Callable[[], Coroutine[Any, Any, None]]
"""Not yet begun: one that is cancelled before its turn came leaves nothing behind."""


@dataclass(frozen=True, slots=True)
class Service:
    """What a service is made of; its `main.py` is the only place that knows every part.

    `workers` run beside the API until cancelled, `role_workers` those of roles of the service's
    own, by role; `on_start` runs once before anything else.
    `body_limits` are bytes by path prefix; `metrics` are asked for when `/metrics` is.
    """

    name: str
    description: str
    migrations: Path
    settings: type[Settings] = Settings
    routers: Sequence[APIRouter] = ()
    projectors: Sequence[Projector] = ()
    reactors: Sequence[Reactor] = ()
    workers: Sequence[Callable[["Running"], Coroutine[Any, Any, None]]] = ()
    role_workers: Mapping[str, Sequence[Callable[["Running"], Coroutine[Any, Any, None]]]] = field(
        default_factory=dict
    )
    on_start: Sequence[Callable[["Running"], Awaitable[None]]] = ()
    body_limits: Mapping[str, int] = field(default_factory=dict)
    sql: Sequence[tuple[str, Path]] = ()
    metrics: Sequence[Callable[["Running"], Awaitable[Sequence[Metric]]]] = ()

    def all_migrations(self) -> list[Migration]:
        """Return the machinery's migrations, those of shared parts, then the service's own."""
        found = find("runtime", RUNTIME_SQL)
        for source, folder in (*self.sql, (self.name, self.migrations)):
            found += find(source, folder)
        return found

    def all_projectors(self) -> tuple[Projector, ...]:
        """Return the service's projectors and those of the machinery."""
        return (KEYS, FORGETTING, *self.projectors)

    def app(self) -> FastAPI:
        """Build the HTTP application, without starting anything."""
        return make_app(f"ePEP {self.name}", self.description, list(self.routers), self.body_limits)


class Running:
    """One running process of a service: what its parts are handed."""

    def __init__(
        self, service: Service, settings: Settings, pool: Pool, catalog: Catalog, keyring: Keyring
    ) -> None:
        self.service, self.settings, self.pool = service, settings, pool
        self.store = EventStore(catalog, service.name, keyring)
        self.commands = Commands(pool, self.store)
        self.verifier = TokenVerifier(pool)
        self.news = News(settings.database_url.get_secret_value(), service.projectors)
        broker = settings.broker()
        bus = Bus(broker, settings.topic_prefix, service.name)
        self.relay: Relay | None = None
        if settings.has_role("relay"):
            topic = settings.topic(service.name)
            self.relay = Relay(pool, self.store, broker, topic)
        self._following: list[Feed | Runner] = []
        self.runners: list[Runner] = []
        for role, followed in (
            ("projectors", service.all_projectors()),
            ("reactors", service.reactors),
        ):
            if followed and settings.has_role(role):
                self._follow(bus, role, followed)
        self._tasks: list[asyncio.Task[None]] = []
        self.parts: dict[type[Any], Any] = {}
        self.lags: list[Callable[[], dict[str, Any]]] = []  # of what else follows topics here
        self.at_the_end: list[Callable[[], Awaitable[None]]] = []  # what requests left to be done

    def _follow(self, bus: Bus, role: str, followed: Sequence[Projector | Reactor]) -> None:
        feed = Feed(bus, role, {context for each in followed for context in each.contexts})
        runners = [
            Runner(self.pool, self.store, bus, each, self.settings, feed=feed) for each in followed
        ]
        self._following += [feed, *runners]
        self.runners += runners

    def part(self, kind: type[P]) -> P:
        """Return what an `on_start` step put in `parts` under its type, for routes and workers."""
        found: P = self.parts[kind]
        return found

    def start(self) -> None:
        """Start the relay, the subscriptions and the workers as tasks of this process."""
        jobs: list[Job] = [part.run for part in self._following]
        if self.relay:
            jobs.append(self.relay.run)
        if self.settings.has_role("api"):
            jobs.append(self.news.run)
        if self.settings.has_role("projectors"):
            jobs.append(partial(own_writes.keep_forgetting, self.pool))
        if self.settings.has_role("workers"):
            jobs += [partial(each, self) for each in (seal_now_and_then, *self.service.workers)]
        for role, workers in self.service.role_workers.items():
            if self.settings.has_role(role):
                jobs += [partial(each, self) for each in workers]
        self._tasks = [asyncio.create_task(_watched(job)) for job in jobs]

    async def stop(self) -> None:
        """Finish what is under way, within ten seconds, then end everything."""
        if self.relay:
            self.relay.stop()
        for part in self._following:
            part.stop()
        polite = self._tasks[: len(self._following) + (1 if self.relay else 0)]
        for task in self._tasks[len(polite) :]:
            task.cancel()
        ending = self._tasks + [asyncio.create_task(_last(step())) for step in self.at_the_end]
        if ending:
            _, late = await asyncio.wait(ending, timeout=DRAIN_SECONDS)
            for task in late:
                task.cancel()
            if late:  # cancelled in the middle of something, they have connections to close
                await asyncio.wait(late, timeout=CLOSE_SECONDS)

    async def health(self) -> dict[str, Any]:
        """Return readiness: the database answers, subscriptions have joined, how far behind.

        `warnings` are sentences about what an operator should look at while people work on.
        """
        subscriptions = [runner.lag() for runner in self.runners]
        report: dict[str, Any] = {"status": "ok", "subscriptions": subscriptions, "warnings": []}
        try:
            await self.pool.fetchval("SELECT 1")
            report["parked"] = parked = await count_parked(self.pool)
            if parked["streams"]:
                report["warnings"].append(_parked_sentence(**parked))
            if self.relay:
                report["relay"] = relay = await self.relay.unsent()
                report["warnings"] += [relay["stalled"]] if relay["stalled"] else []
        except Exception as error:
            return {"status": "database unavailable", "error": type(error).__name__}
        if not all(each["assigned"] or each["trouble"] for each in subscriptions):
            report["status"] = "starting"
        report["warnings"] += sorted(self._refusals())
        others = [lag() for lag in self.lags]  # told, but nobody waits for them to join
        report["warnings"] += [
            f"{each['name']} is in trouble: {each['trouble']}."
            for each in others
            if each["trouble"]
        ]
        subscriptions += others
        return report

    def _refusals(self) -> set[str]:
        """Return why Kafka turns this process away, where it does."""
        feeds = [part for part in self._following if isinstance(part, Feed)]
        return {each.refused for each in (self.relay, *feeds) if each and each.refused}


def _parked_sentence(streams: int, events: int) -> str:
    were = "1 stream is" if streams == 1 else f"{streams} streams are"
    return f"{were} parked ({events} waiting): see `parked list`."


async def _watched(job: Job) -> None:
    """Run a part; one that dies of a defect takes the process down, to be started again."""
    try:
        await job()
    except asyncio.CancelledError:
        raise
    except Exception:
        log.exception("a part of the service has died")
        os.kill(os.getpid(), 15)


async def _last(step: Awaitable[None]) -> None:
    """Do what was left to be done; a defect in it keeps nothing else from ending."""
    try:
        await step
    except Exception:
        log.exception("something was left undone")


@asynccontextmanager
async def running(service: Service, settings: Settings) -> AsyncIterator[Running]:
    """Open the database, run what runs first, start every part; stop them at the end."""
    keyring = settings.keyring()
    url = settings.database_url.get_secret_value()
    pool = await when_there(lambda: open_pool(url, settings.pool_size))
    try:
        await when_there(keyring.check)
        process = Running(service, settings, pool, everything_said(), keyring)
        for step in service.on_start:
            await when_there(partial(step, process))
        process.start()
        try:
            yield process
        finally:
            await process.stop()
    finally:
        await keyring.close()
        await asyncio.wait_for(pool.close(), DRAIN_SECONDS)
