"""A pep-service database full of history: its log, hashed and sealed, and its read models."""

from collections.abc import Iterable
from dataclasses import astuple
from itertools import groupby
from typing import Any

from epep_bench.appending import cause
from epep_bench.history import Said, profile_of
from epep_bench.keyrings import document_of, keys_of
from epep_bench.topic import some
from epep_events.contexts import catalog
from epep_events.pep import AuthorityProfilePublished
from epep_events.sealed_fields import Keys
from epep_runtime.chain import hash_of_event
from epep_runtime.event_store import EventStore
from epep_runtime.keyring import Keyring
from epep_runtime.postgres import Connection, Pool
from pep_service.main import SERVICE
from pep_service.profiles.published import PROFILE
from pep_service.read_models.change_log.projector import COLUMNS, rows_of
from pep_service.read_models.pep_cards import KEEP, PEP_CARDS, fold

EVENT_COLUMNS = (
    "stream_id", "stream_version", "event_id", "type", "schema_version", "occurred_at",
    "authority", "actor_id", "actor_role", "on_behalf_of", "correlation_id", "causation_id",
    "traceparent", "data", "previous_hash", "hash",
)  # fmt: skip
BY_HAND = {"change_log", PEP_CARDS.name}
"""Read models whose rows are made here of the whole history; the others' handlers are called."""


def event_rows(history: Iterable[Said], keys: Keys) -> Iterable[tuple[Any, ...]]:
    """Yield the rows of the event table, each with the hash of the one before it in its stream."""
    for _, stream in groupby(history, key=lambda said: said.meta.stream_id):
        previous = b""
        for said in stream:
            meta, text = said.meta, document_of(said, keys).decode()
            facts = {**meta.model_dump(exclude={"actor"}), "text": text}
            facts |= {"actor_id": meta.actor.id, "actor_role": meta.actor.role}
            facts["on_behalf_of"] = meta.actor.on_behalf_of
            own = hash_of_event(previous, facts)
            yield (*(facts[name] for name in EVENT_COLUMNS[:13]), text, previous, own)
            previous = own


async def load(pool: Pool, ring: Keyring, histories: Iterable[list[Said]]) -> int:
    """Fill the database and return how many events are in it."""
    store = EventStore(catalog(), "pep", ring)
    total, authorities = 0, set[str]()
    for batch in some(histories):
        keys = await keys_of(ring, batch)
        async with pool.acquire() as connection:
            for code in {said.meta.authority or "" for each in batch for said in each[:1]}:
                if code not in authorities:
                    authorities.add(code)
                    await _authority(connection, store, code)
            async with connection.transaction():
                total += await _children(connection, batch, keys)
    await pool.execute("VACUUM ANALYZE")
    return total


async def _authority(connection: Connection, store: EventStore, code: str) -> None:
    event = AuthorityProfilePublished(profile=profile_of(code))
    await store.append(connection, PROFILE.stream(code), 0, [event], cause().within(code))


async def _children(connection: Connection, batch: list[list[Said]], keys: Keys) -> int:
    every = [said for history in batch for said in history]
    await connection.copy_records_to_table(
        "events", records=list(event_rows(every, keys)), columns=EVENT_COLUMNS
    )
    log = [row for said in every for row in rows_of(said.event, said.meta)]
    await connection.copy_records_to_table("change_log", records=log, columns=COLUMNS)
    for said in every:
        for projector in SERVICE.projectors:
            handler = projector.handles.get(type(said.event))
            if handler and projector.name not in BY_HAND:
                await handler(connection, said.event, said.meta)
    for stream, events in groupby(every, key=lambda said: said.meta.stream_id):
        if stream.startswith("pep-"):
            card = fold((said.event, said.meta) for said in events)
            await connection.execute(KEEP, *astuple(card))
    return len(every)
