"""The profiles that are in force, read from their own streams so that they need no Kafka."""

from collections.abc import Iterable, Mapping
from datetime import date
from functools import lru_cache

import orjson

from epep_events.base import Event
from epep_events.contexts import catalog
from epep_events.envelope import Actor
from epep_events.pep import AuthorityProfilePublished
from epep_events.profile import AuthorityProfile
from epep_runtime.civil_time import local_date
from epep_runtime.event_store import Aggregate, Cause, VersionConflictError
from epep_runtime.ids import derived_id
from epep_runtime.postgres import Connection, Pool
from epep_runtime.problems import NotFoundError
from epep_runtime.service import Running
from pep_service.profiles.documents_on_disk import decide_publishing, shipped_documents

Versions = tuple[int, ...]


def _evolve(versions: Versions, event: Event) -> Versions:
    if isinstance(event, AuthorityProfilePublished):
        return (*versions, event.profile.version)
    return versions


PROFILE: Aggregate[Versions] = Aggregate("profile", (), _evolve)
"""The stream `profile-<authority code>`; its state is the versions published so far."""


async def publish_shipped_documents(running: Running) -> None:
    """Publish each shipped document that is newer than its stream; for `on_start`.

    Two processes may start at once: the one that comes second finds the work done.
    """
    today = local_date(running.store.clock())
    for document in shipped_documents():
        try:
            await _publish(running, document, today)
        except VersionConflictError:
            await _publish(running, document, today)


async def _publish(running: Running, document: AuthorityProfile, today: date) -> None:
    request = derived_id("profile", document.code, document.version)
    cause = Cause(Actor(id="system:pep", role="system"), document.code, request)
    async with running.pool.acquire() as connection, connection.transaction():
        loaded = await running.store.load(connection, PROFILE, document.code)
        events = decide_publishing(loaded.state, document, today)
        stream = PROFILE.stream(document.code)
        await running.store.append(connection, stream, loaded.version, events, cause)


def _read(text: str, schema_version: int) -> AuthorityProfile:
    name = AuthorityProfilePublished.type_name()
    event = catalog().read(name, schema_version, orjson.loads(text))
    assert isinstance(event, AuthorityProfilePublished)
    return event.profile


@lru_cache(maxsize=1)
def _shelf() -> dict[bytes, AuthorityProfile]:
    """Return the profiles read lately, by the hash of their event, which says all of it."""
    return {}


PUBLISHED = """
SELECT stream_id, hash FROM events WHERE stream_id = ANY($1) ORDER BY stream_id, stream_version DESC
"""
DOCUMENT = """
SELECT data::text AS text, schema_version FROM events WHERE stream_id = $1 AND hash = $2
"""
KEPT = 400
"""More than there are authorities, and small beside one rebuild."""


async def _profile(database: Pool | Connection, stream: str, own_hash: bytes) -> AuthorityProfile:
    """Return the profile of one event: a large document, fetched and read once."""
    shelf = _shelf()
    if own_hash not in shelf:
        row = await database.fetchrow(DOCUMENT, stream, own_hash)
        assert row is not None
        while len(shelf) >= KEPT:
            shelf.pop(next(iter(shelf)))
        shelf[own_hash] = _read(row["text"], row["schema_version"])
    return shelf[own_hash]


async def profile_of(
    database: Pool | Connection, code: str, version: int | None = None
) -> AuthorityProfile:
    """Return an authority's profile: the one that a PEP is bound to, or else the newest.

    Raises NotFoundError for an authority or a version that was never published.
    """
    return (await profiles_of(database, [(code, version)]))[code, version]


Wanted = tuple[str, int | None]
"""An authority's code, and the version of its profile or None for the newest."""


async def profiles_of(
    database: Pool | Connection, wanted: Iterable[Wanted]
) -> dict[Wanted, AuthorityProfile]:
    """Return several profiles, found by one question. Raises NotFoundError as `profile_of` does."""
    every = set(wanted)
    streams = list({PROFILE.stream(code) for code, _ in every})
    rows = await database.fetch(PUBLISHED, streams)
    hashes: dict[str, list[bytes]] = {}
    for row in rows:
        hashes.setdefault(row["stream_id"], []).append(row["hash"])
    return {each: await _bound(database, each, hashes) for each in every}


async def _bound(
    database: Pool | Connection, wanted: Wanted, hashes: Mapping[str, list[bytes]]
) -> AuthorityProfile:
    code, version = wanted
    stream = PROFILE.stream(code)
    for own_hash in hashes.get(stream, ()):  # an authority has a few versions, the newest first
        profile = await _profile(database, stream, own_hash)
        if version is None or profile.version == version:
            return profile
    raise NotFoundError
