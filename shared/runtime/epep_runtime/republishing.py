"""After Kafka is lost: the log fills a new topic under the same numbers, and nobody acts twice.

A publication number is an event's for ever, so all that remembers the lost topic is how far the
relay has sent, and at which offsets the subscriptions are. An offset of the old topic means
nothing in the new one; what a subscription has had, it knows by the publication number.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from epep_runtime.places import Place
from epep_runtime.postgres import Connection, Pool
from epep_runtime.relay import LEADER_LOCK
from epep_runtime.settings import Settings
from epep_runtime.topic_ends import MissingTopicError, places_at_the_end


class RepublishError(Exception):
    """Why a service cannot begin anew with empty topics, in a sentence."""


@dataclass(frozen=True, slots=True)
class Republished:
    """How many events the relay will send again, and in which topics places begin anew."""

    events: int
    topics: Sequence[str]


async def republish(pool: Pool, name: str, settings: Settings) -> Republished:
    """Have everything sent again to the service's topic, and read again of topics that are empty.

    Nothing is sent again into a topic that has events: the older would come after the newer, and
    who reads it from the beginning would take them for repetitions. Raises RepublishError while
    the service's relay runs, and where a topic is not there; KafkaError, TimeoutError.
    """
    async with pool.acquire() as connection, connection.transaction():
        if not await connection.fetchval("SELECT pg_try_advisory_xact_lock($1)", LEADER_LOCK):
            raise RepublishError(f"{name} is running: stop all services first.")
        own = settings.topic(name)
        rows = await connection.fetch("SELECT DISTINCT topic FROM places")
        topics = sorted({own, *(row["topic"] for row in rows)})
        try:
            ends = await places_at_the_end(settings.broker(), topics)
        except MissingTopicError as error:
            raise RepublishError(f"{error}: make all topics first.".capitalize()) from error
        full = {where.topic for where, end in ends.items() if end != Place(0, 0)}
        empty = [topic for topic in topics if topic not in full]
        events = 0 if own in full else await _send_all_again(connection)
        return Republished(events, await _read_again(connection, empty))


async def _send_all_again(connection: Connection) -> int:
    sent: int = await connection.fetchval("SELECT sent FROM relay_place FOR UPDATE")
    await connection.execute("UPDATE relay_place SET sent = 0")
    return sent


async def _read_again(connection: Connection, topics: Sequence[str]) -> list[str]:
    rows = await connection.fetch(
        "WITH moved AS (UPDATE places SET next_offset = 0"
        "                WHERE topic = ANY($1) AND next_offset > 0 RETURNING topic)"
        " SELECT DISTINCT topic FROM moved ORDER BY topic",
        topics,
    )
    return [row["topic"] for row in rows]
