"""What the service knows when files are checked: children, settings, accounts, in few queries."""

import asyncio
from collections.abc import Iterable, Mapping
from itertools import groupby
from typing import Any
from uuid import UUID

from epep_access.people import people_by_email
from epep_events.sealed_fields import Keys
from epep_runtime.civil_time import local_date
from epep_runtime.event_store import EventStore, Loaded, fold
from epep_runtime.postgres import Connection
from pep_service.children.child import CHILD, Child, child_id_of
from pep_service.importing.checking import Known, Tables
from pep_service.settings_register.setting import setting_names

AT_ONCE = 500


async def known_to(
    connection: Connection, store: EventStore, authority: str, tables: Tables
) -> Known:
    """Gather what the check of these files must know."""
    ids = [child_id_of(authority, number) for number in tables.child_numbers()]
    erased = await erased_among(store, ids)
    ids = [child_id for child_id in ids if child_id not in erased]
    children: dict[UUID, Child] = {}
    for start in range(0, len(ids), AT_ONCE):
        loaded = await load_children(connection, store, ids[start : start + AT_ONCE])
        children |= {child_id: each.state for child_id, each in loaded.items()}
    return Known(
        authority,
        local_date(store.clock()),
        children,
        await setting_names(connection, tables.setting_urns()),
        await people_by_email(connection, tables.emails()),
        erased,
    )


async def erased_among(store: EventStore, ids: Iterable[UUID]) -> frozenset[UUID]:
    """Return those of the children who have been erased: nothing may be recorded of them again."""
    keys = await store.keyring.keys_for([str(child_id) for child_id in ids])
    return frozenset(UUID(subject) for subject, key in keys.items() if key is None)


async def load_children(
    connection: Connection, store: EventStore, ids: Iterable[UUID]
) -> Mapping[UUID, Loaded[Child]]:
    """Fold the streams of many children with one query; those without events are left out.

    Raises ErasedSubjectError for one who has been erased.
    """
    streams = {CHILD.stream(child_id): child_id for child_id in ids}
    rows = await connection.fetch(
        "SELECT *, data::text AS text FROM events WHERE stream_id = ANY($1)"
        " ORDER BY stream_id, stream_version",
        list(streams),
    )
    keys = await store.keys_to_open(rows)
    return await asyncio.to_thread(_fold, store, rows, streams, keys)


def _fold(
    store: EventStore, rows: list[Any], streams: Mapping[str, UUID], keys: Keys
) -> dict[UUID, Loaded[Child]]:
    found: dict[UUID, Loaded[Child]] = {}
    for stream, group in groupby(rows, key=lambda row: str(row["stream_id"])):
        found[streams[stream]] = fold(CHILD, store.opened(group, keys))
    return found
