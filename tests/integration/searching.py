"""Looking for personal values byte by byte, in whatever form somebody might have left them."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, quote_plus

import asyncpg
from aiokafka import AIOKafkaConsumer

from epep_local.backends import Backends
from epep_local.services import SERVICES
from epep_local.system import System
from epep_local.traces import Traces
from epep_runtime.topic_ends import ends_of

SHORTEST = 5
"""Shorter values come about by chance in a megabyte of ciphertext."""


@dataclass(frozen=True)
class Found:
    """A personal value that stands in the clear, where, and in which form."""

    value: str
    where: str
    form: str


def forms_of(value: str) -> dict[str, bytes]:
    """Return what to look for: plain (in lower case), in an address, in JSON, in base64."""
    plain = value.encode()
    forms = {
        "plain": plain.lower(),
        "address": quote(value, safe="").lower().encode(),
        "form": quote_plus(value).lower().encode(),
        "escaped": value.encode("unicode_escape").lower(),
    }
    for shift in range(3):
        # The first and last letters of base64 depend on what stands around the value.
        middle = base64.b64encode(b"\0" * shift + plain)[-(-shift * 8 // 6) :].rstrip(b"=")
        middle = middle[:-1] if (shift + len(plain)) % 3 else middle
        forms[f"base64, shifted by {shift}"] = middle
        forms[f"base64url, shifted by {shift}"] = middle.translate(bytes.maketrans(b"+/", b"-_"))
    return {form: wanted for form, wanted in forms.items() if len(wanted) >= SHORTEST}


class Search:
    """Looks for many values in many places, and remembers how much it has looked at."""

    def __init__(self, values: Iterable[str]) -> None:
        self.values = sorted({value for value in values if len(value) >= SHORTEST})
        self._wanted = [
            (value, form, wanted)
            for value in self.values
            for form, wanted in forms_of(value).items()
        ]
        self.found: list[Found] = []
        self.looked_at: dict[str, int] = {}

    def look(self, where: str, content: bytes) -> None:
        """Look at one place."""
        self.looked_at[where] = self.looked_at.get(where, 0) + len(content)
        lower = content.lower()
        for value, form, wanted in self._wanted:
            if wanted in (content if form.startswith("base64") else lower):
                self.found.append(Found(value, where, form))


def as_bytes(value: Any) -> bytes:
    """Return a column's value as the bytes that tell it."""
    return value if isinstance(value, bytes) else str(value).encode()


async def tables_of(url: str, only: Iterable[str] = ()) -> Iterator[tuple[str, bytes]]:
    """Return (table, contents) of a database, every row and column."""
    connection = await asyncpg.connect(url)
    try:
        names = list(only) or [
            row["name"]
            for row in await connection.fetch(
                "SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public'"
            )
        ]
        found = []
        for name in names:
            rows = await connection.fetch(f'SELECT * FROM "{name}"')
            found.append((name, b"\n".join(as_bytes(each) for row in rows for each in row)))
        return iter(found)
    finally:
        await connection.close()


async def messages_of(backends: Backends, prefix: str) -> Mapping[str, bytes]:
    """Return everything in the topics that begin with the prefix: keys, values, headers."""
    consumer = AIOKafkaConsumer(**backends.broker.options(), auto_offset_reset="earliest")
    await consumer.start()
    try:
        topics = [topic for topic in await consumer.topics() if topic.startswith(prefix)]
        ends = await ends_of(consumer, backends.broker, topics)
        consumer.assign(list(ends))
        await consumer.seek_to_beginning(*ends)
        found: dict[str, list[bytes]] = {topic: [] for topic in topics}
        while [each for each in ends if await consumer.position(each) < ends[each]]:
            for each, messages in (await consumer.getmany(timeout_ms=500)).items():
                for message in messages:
                    headers = [part for name, value in message.headers for part in (name, value)]
                    parts = (message.key or b"", message.value or b"", *headers)
                    found[each.topic] += [as_bytes(part) for part in parts]
        return {topic: b"\n".join(parts) for topic, parts in found.items()}
    finally:
        await consumer.stop()


async def search_everywhere(
    search: Search, system: System, backends: Backends, traces: Traces
) -> None:
    """Look through the logs of events, what is parked, Kafka, the processes' logs, and traces."""
    for one in SERVICES:
        search.look(f"log of {one.name}", system.log(one.name).read_bytes())
        if one.events:
            url = system.database_url(one.name)
            for table, content in await tables_of(url, ("events", "parked_events")):
                search.look(f"{one.name} {table}", content)
    for topic, content in (await messages_of(backends, system.prefix)).items():
        search.look(f"topic {topic.removeprefix(system.prefix)}", content)
    search.look("traces", b"\n".join(traces.bodies))
