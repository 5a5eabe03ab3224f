"""The profiles that are in force, read from their own streams so that they need no Kafka."""

from collections.abc import Iterable
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


@lru_cache(maxsize=64)
def _read(text: str, schema_version: int) -> AuthorityProfile:
    """Read a stored event; the same text always gives the same profile, so it is kept."""
    name = AuthorityProfilePublished.type_name()
    event = catalog().read(name, schema_version, orjson.loads(text))
    assert isinstance(event, AuthorityProfilePublished)
    return event.profile


NEWEST = """
SELECT data::text AS text, schema_version FROM events
 WHERE stream_id = $1 ORDER BY stream_version DESC LIMIT 1
"""
ONE_VERSION = """
SELECT data::text AS text, schema_version FROM events
 WHERE stream_id = $1 AND (data #>> '{profile,version}')::int = $2
"""


async def profile_of(
    database: Pool | Connection, code: str, version: int | None = None
) -> AuthorityProfile:
    """Return an authority's profile: the one that a PEP is bound to, or else the newest.

    Raises NotFoundError for an authority or a version that was never published.
    """
    stream = PROFILE.stream(code)
    if version is None:
        row = await database.fetchrow(NEWEST, stream)
    else:
        row = await database.fetchrow(ONE_VERSION, stream, version)
    if row is None:
        raise NotFoundError
    return _read(row["text"], row["schema_version"])


Wanted = tuple[str, int | None]
"""An authority's code, and the version of its profile or None for the newest."""


async def profiles_of(
    database: Pool | Connection, wanted: Iterable[Wanted]
) -> dict[Wanted, AuthorityProfile]:
    """Return several profiles, each fetched once. Raises NotFoundError as `profile_of` does."""
    return {each: await profile_of(database, *each) for each in set(wanted)}
