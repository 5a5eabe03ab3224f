"""What an operator can do with parked streams: look, try again now, skip the first event."""

from datetime import UTC, datetime

from epep_events.operations import ParkedEventSkipped, ParkedStreamRetried
from epep_runtime.event_store import Cause, EventStore
from epep_runtime.operations import hold_operations, say
from epep_runtime.parking import ParkedStream, list_parked
from epep_runtime.postgres import Connection, Pool

MAX_WHY = 500


class ParkedError(Exception):
    """Nothing could be done; the message is a sentence for the operator."""


async def find(pool: Pool, stream_id: str, subscription: str | None) -> list[ParkedStream]:
    """Return where this stream waits. Raises ParkedError when it waits nowhere."""
    found = [
        each
        for each in await list_parked(pool)
        if each.stream_id == stream_id and subscription in (None, each.subscription)
    ]
    if not found:
        where = f" in {subscription}" if subscription else ""
        raise ParkedError(f"{stream_id} is not parked{where}.")
    return found


async def retry(
    pool: Pool, store: EventStore, stream_id: str, subscription: str | None, cause: Cause
) -> list[ParkedStream]:
    """Let the stream's next try be now, wherever it waits; say so in the log.

    Returns the parked streams. The service's worker tries within a second. Raises ParkedError.
    """
    found = await find(pool, stream_id, subscription)
    async with pool.acquire() as connection, connection.transaction():
        await hold_operations(connection, store)
        for each in found:
            event = ParkedStreamRetried(
                subscription=each.subscription,
                topic=each.topic,
                stream=stream_id,
                error=each.error,
            )
            await say(connection, store, event, cause)
            await _try_now(connection, each)
    return found


async def skip(
    pool: Pool, store: EventStore, stream_id: str, subscription: str | None, why: str, cause: Cause
) -> ParkedEventSkipped:
    """Take the first waiting event of a stream out of the queue for good; let the rest go on.

    The event stays in the log and in Kafka: only this subscription has not taken it. Returns what
    was said. Raises ParkedError without a reason, and where the stream waits in several
    subscriptions and none is named.
    """
    why = why.strip()
    if not 0 < len(why) <= MAX_WHY:
        raise ParkedError(f"Say why, in 1 to {MAX_WHY} characters.")
    found = await find(pool, stream_id, subscription)
    if len(found) > 1:
        names = ", ".join(each.subscription for each in found)
        raise ParkedError(f"{stream_id} is parked in {names}: name one with --subscription.")
    [parked] = found
    async with pool.acquire() as connection, connection.transaction():
        await hold_operations(connection, store)
        return await _skip_head(connection, store, parked, why, cause)


async def _skip_head(
    connection: Connection, store: EventStore, parked: ParkedStream, why: str, cause: Cause
) -> ParkedEventSkipped:
    row = await connection.fetchrow(
        "DELETE FROM parked_events WHERE (subscription, topic, publication) ="
        " (SELECT subscription, topic, publication FROM parked_events WHERE subscription = $1"
        "     AND topic = $2 AND stream_id = $3 ORDER BY publication LIMIT 1)"
        " RETURNING publication, headers",
        parked.subscription,
        parked.topic,
        parked.stream_id,
    )
    if row is None:
        raise ParkedError(f"{parked.stream_id} has no waiting event any more.")
    event = ParkedEventSkipped(
        subscription=parked.subscription,
        topic=parked.topic,
        stream=parked.stream_id,
        publication=row["publication"],
        event_type=dict(row["headers"]).get("ce_type", "unknown"),
        why=why,
    )
    await _try_now(connection, parked)
    await say(connection, store, event, cause)
    return event


async def _try_now(connection: Connection, parked: ParkedStream) -> None:
    await connection.execute(
        "UPDATE parked_streams SET next_try_at = now()"
        " WHERE subscription = $1 AND topic = $2 AND stream_id = $3",
        parked.subscription,
        parked.topic,
        parked.stream_id,
    )


def line(parked: ParkedStream, now: datetime | None = None) -> str:
    """Return a parked stream as one line of a list."""
    minutes = ((now or datetime.now(UTC)) - parked.parked_at).total_seconds() / 60
    return (
        f"{parked.subscription}  {parked.stream_id}  {parked.waiting} waiting  {parked.error}"
        f"  {parked.tries} tries  since {minutes:.0f} min"
    )


async def describe(pool: Pool, parked: ParkedStream) -> list[str]:
    """Return lines about a parked stream and each event that waits, without what they say."""
    rows = await pool.fetch(
        "SELECT publication, headers FROM parked_events"
        " WHERE subscription = $1 AND topic = $2 AND stream_id = $3 ORDER BY publication",
        parked.subscription,
        parked.topic,
        parked.stream_id,
    )
    lines = [
        line(parked),
        f"  topic {parked.topic}, parked {parked.parked_at:%Y-%m-%d %H:%M:%S}Z,"
        f" next try {parked.next_try_at:%Y-%m-%d %H:%M:%S}Z",
    ]
    for row in rows:
        said = dict(row["headers"])
        lines.append(
            f"  publication {row['publication']}: {said.get('ce_type', '?')}"
            f" of shape {said.get('ce_schemaversion', '?')}, version"
            f" {said.get('ce_streamversion', '?')} of the stream, said {said.get('ce_time', '?')}"
        )
    return lines
