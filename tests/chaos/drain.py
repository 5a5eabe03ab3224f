"""Waiting until nothing is on its way any more, by what databases and topics hold."""

from __future__ import annotations

import asyncio
import time

import asyncpg
from aiokafka.errors import KafkaError
from records import SERVICES, UNSENT, connected, ends
from town import Town

from epep_runtime.subscriptions import Subscription

LOOK_SECONDS = 0.5
TIMES_QUIET = 3
ON_ITS_WAY = "SELECT count(*) FROM outbox WHERE state IN ('waiting', 'claimed', 'sending')"
IMPORTING = "SELECT count(*) FROM imports WHERE state = 'importing'"
PLACES = "SELECT subscription, topic, partition, next_offset FROM places"


async def drained(town: Town, patience: float) -> tuple[float, dict[str, int]]:
    """Wait until all is quiet, and nothing was said while we looked; return for how long.

    With it comes what is still on its way when patience has run out: {what: how many}.
    """
    begun, quiet, before = time.monotonic(), 0, -1
    left: dict[str, int] = {}
    while time.monotonic() - begun < patience:
        try:
            left, said = await _left(town)
        except (OSError, asyncpg.PostgresError, KafkaError) as error:
            left, said = {f"cannot look: {type(error).__name__}": 1}, -1
        quiet = quiet + 1 if not left and said == before else 0
        before = said
        if quiet >= TIMES_QUIET:
            return time.monotonic() - begun, {}
        await asyncio.sleep(LOOK_SECONDS)
    return time.monotonic() - begun, left


async def sent_and_unsent(town: Town) -> tuple[int, int]:
    """Return how many events all relays have sent, and how many wait in the logs to be sent."""
    sent = unsent = 0
    for name in SERVICES:
        async with connected(town, name) as connection:
            sent += await connection.fetchval("SELECT sent FROM relay_place")
            unsent += await connection.fetchval(UNSENT)
    return sent, unsent


async def _left(town: Town) -> tuple[dict[str, int], int]:
    """Return what is on its way, without the zeros, and how many events there are in all."""
    left: dict[str, int] = {}
    said = 0
    last = await ends(town)
    for name, service in SERVICES.items():
        async with connected(town, name) as connection:
            said += await connection.fetchval("SELECT count(*) FROM events")
            left[f"{name}: events to be sent"] = await connection.fetchval(UNSENT)
            if name == "notification":
                left["mails to be sent"] = await connection.fetchval(ON_ITS_WAY)
            if name == "pep":
                left["imports under way"] = await connection.fetchval(IMPORTING)
            places = {
                (row["subscription"], row["topic"], row["partition"]): row["next_offset"]
                for row in await connection.fetch(PLACES)
            }
            followed: list[Subscription] = [*service.all_projectors(), *service.reactors]
            for subscription in followed:
                topics = {f"{town.system.prefix}{each}" for each in subscription.contexts}
                left[f"{name}: events to be read by {subscription.name}"] = sum(
                    max(0, end - places.get((subscription.name, topic, partition), 0))
                    for (topic, partition), end in last.items()
                    if topic in topics
                )
    return {what: count for what, count in left.items() if count}, said
