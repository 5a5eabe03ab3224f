"""The waiting room: events that a handler could not take, and what queues behind them.

Every function here works inside the caller's transaction, which also moves the place, so an event
is either handled, or parked, or still to come: never two of these, never none.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from aiokafka import TopicPartition

from epep_runtime.places import PlaceLostError
from epep_runtime.postgres import Connection, Pool

FIRST_PAUSE_SECONDS, LAST_PAUSE_SECONDS = 5, 600


class Parcel(NamedTuple):
    """A Kafka message as it came: enough to hand it to the handler later, just the same."""

    topic: str
    stream_id: str
    publication: int
    headers: Mapping[str, bytes]
    value: bytes

    @property
    def stream_version(self) -> int:
        """Return the version that this event brought its stream to; 0 where it does not say."""
        return int(self._header("ce_streamversion") or b"0")

    @property
    def type_name(self) -> str:
        """Return the name of the event; empty where it does not say."""
        return self._header("ce_type").decode()

    @property
    def schema_version(self) -> int:
        """Return the version of the event's shape; 0 where it does not say."""
        return int(self._header("ce_schemaversion") or b"0")

    def _header(self, name: str) -> bytes:
        return self.headers.get(name, b"")

    @classmethod
    def of(cls, topic: str, message: Any) -> "Parcel":
        """Read the two headers that every event has. Raises KeyError, ValueError without them."""
        found = dict(message.headers)
        return cls(
            topic,
            found["ce_subject"].decode(),
            int(found["ce_sourceposition"]),
            found,
            message.value,
        )


@dataclass(frozen=True, slots=True)
class ParkedStream:
    """A stream whose events wait, for one subscription."""

    subscription: str
    topic: str
    stream_id: str
    error: str
    tries: int
    waiting: int
    parked_at: datetime
    next_try_at: datetime


async def streams_parked(pool: Pool, subscription: str) -> set[tuple[str, str]]:
    """Return (topic, stream id) of each stream that waits for this subscription."""
    rows = await pool.fetch(
        "SELECT topic, stream_id FROM parked_streams WHERE subscription = $1", subscription
    )
    return {(row["topic"], row["stream_id"]) for row in rows}


async def park(
    connection: Connection, subscription: str, where: TopicPartition, parcel: Parcel, error: str
) -> None:
    """Park the stream of an event that could not be handled, with the event at its head."""
    await connection.execute(
        "INSERT INTO parked_streams (subscription, topic, partition, stream_id, error, next_try_at)"
        " VALUES ($1, $2, $3, $4, $5, now() + $6 * interval '1 second')",
        subscription,
        where.topic,
        where.partition,
        parcel.stream_id,
        error,
        FIRST_PAUSE_SECONDS,
    )
    await queue(connection, subscription, parcel)


async def queue(connection: Connection, subscription: str, parcel: Parcel) -> None:
    """Put an event at the end of its parked stream's queue."""
    await connection.execute(
        "INSERT INTO parked_events (subscription, topic, publication, stream_id, headers, value)"
        " VALUES ($1, $2, $3, $4, $5, $6)",
        subscription,
        parcel.topic,
        parcel.publication,
        parcel.stream_id,
        [[name, value.decode()] for name, value in parcel.headers.items()],
        parcel.value,
    )


async def due(
    pool: Pool, subscription: str, held: Iterable[TopicPartition]
) -> list[tuple[TopicPartition, str]]:
    """Return the parked streams of the held partitions whose next try has come."""
    here = list(held)
    rows = await pool.fetch(
        "SELECT topic, partition, stream_id FROM parked_streams"
        " WHERE subscription = $1 AND next_try_at <= now()"
        "   AND (topic, partition) IN (SELECT * FROM unnest($2::text[], $3::int[]))"
        " ORDER BY next_try_at LIMIT 20",
        subscription,
        [each.topic for each in here],
        [each.partition for each in here],
    )
    return [(TopicPartition(row["topic"], row["partition"]), row["stream_id"]) for row in rows]


async def head(pool: Pool, subscription: str, topic: str, stream_id: str) -> Parcel | None:
    """Return the first event of a parked stream's queue, or None when the queue is empty."""
    row = await pool.fetchrow(
        "SELECT * FROM parked_events WHERE subscription = $1 AND topic = $2 AND stream_id = $3"
        " ORDER BY publication LIMIT 1",
        subscription,
        topic,
        stream_id,
    )
    if row is None:
        return None
    headers = {name: value.encode() for name, value in row["headers"]}
    return Parcel(topic, stream_id, row["publication"], headers, row["value"])


async def leave_queue(connection: Connection, subscription: str, parcel: Parcel) -> None:
    """Take a handled event out of the queue.

    Raises PlaceLostError when it is there no more: an operator has skipped it meanwhile.
    """
    left = await connection.execute(
        "DELETE FROM parked_events WHERE subscription = $1 AND topic = $2 AND publication = $3",
        subscription,
        parcel.topic,
        parcel.publication,
    )
    if left == "DELETE 0":
        raise PlaceLostError(f"publication {parcel.publication} does not wait any more")


async def release(connection: Connection, subscription: str, topic: str, stream_id: str) -> None:
    """Let an emptied stream go on as all others.

    The row is locked first, in a statement of its own: what another worker is queueing behind it
    at this moment is then waited for, and seen. Else it would go with the row, and be lost.
    """
    await connection.execute(
        "SELECT true FROM parked_streams"
        " WHERE subscription = $1 AND topic = $2 AND stream_id = $3 FOR UPDATE",
        subscription,
        topic,
        stream_id,
    )
    await connection.execute(
        "DELETE FROM parked_streams s WHERE subscription = $1 AND topic = $2 AND stream_id = $3"
        " AND NOT EXISTS (SELECT FROM parked_events e WHERE e.subscription = s.subscription"
        "                 AND e.topic = s.topic AND e.stream_id = s.stream_id)",
        subscription,
        topic,
        stream_id,
    )


async def failed_again(
    pool: Pool, subscription: str, topic: str, stream_id: str, error: str
) -> None:
    """Note a failed try; the next one comes after twice the pause, ten minutes at most."""
    await pool.execute(
        "UPDATE parked_streams SET tries = tries + 1, error = $4,"
        " next_try_at = now() + interval '1 second' * least($5 * 2 ^ least(tries, 20), $6)"
        " WHERE subscription = $1 AND topic = $2 AND stream_id = $3",
        subscription,
        topic,
        stream_id,
        error,
        FIRST_PAUSE_SECONDS,
        LAST_PAUSE_SECONDS,
    )


async def list_parked(pool: Pool) -> list[ParkedStream]:
    """Return every parked stream of this service, the longest waiting first."""
    rows = await pool.fetch(
        "SELECT s.*, (SELECT count(*) FROM parked_events e WHERE e.subscription = s.subscription"
        "   AND e.topic = s.topic AND e.stream_id = s.stream_id) AS waiting"
        " FROM parked_streams s ORDER BY parked_at"
    )
    return [
        ParkedStream(
            row["subscription"],
            row["topic"],
            row["stream_id"],
            row["error"],
            row["tries"],
            row["waiting"],
            row["parked_at"],
            row["next_try_at"],
        )
        for row in rows
    ]


async def count_parked(pool: Pool) -> dict[str, int]:
    """Return how many streams and how many of their events wait, in this whole service."""
    row = await pool.fetchrow(
        "SELECT (SELECT count(*) FROM parked_streams) AS streams,"
        "       (SELECT count(*) FROM parked_events) AS events"
    )
    assert row is not None
    return {"streams": row["streams"], "events": row["events"]}
