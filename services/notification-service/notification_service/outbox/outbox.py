"""The table of mails on their way, and the steps a worker takes one through."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from epep_events.envelope import Actor, Metadata
from epep_runtime.event_store import Cause, EventStore, VersionConflictError
from epep_runtime.postgres import DATABASE_FAULTS, Connection, Pool
from notification_service.notifications.delivering import Outcome
from notification_service.notifications.facts import Facts
from notification_service.notifications.notification import NOTIFICATION, Reached

FAULTS = DATABASE_FAULTS
Settled = Literal["sent", "failed", "uncertain", "unmailed", "gathered"]
TRIES = 5

CLAIM = """
UPDATE outbox SET state = 'claimed', worker = $1, tries = tries + 1
 WHERE notification_id = (
       SELECT notification_id FROM outbox
        WHERE state = 'waiting' AND due_at <= $2
        ORDER BY (kind <> 'login_code'), due_at LIMIT 1
          FOR UPDATE SKIP LOCKED)
RETURNING notification_id, account_id, email, facts, traceparent, tries, put_out_at
"""


@dataclass(frozen=True, slots=True)
class Item:
    """One mail that a worker has claimed; `tries` counts this one."""

    notification_id: UUID
    email: str
    facts: Facts
    traceparent: str | None
    tries: int
    put_out_at: datetime
    worker: int
    account_id: UUID | None = None

    @property
    def reached(self) -> Reached:
        """Return where it goes, for the event that says what became of it."""
        return Reached(self.account_id, self.email)


async def put_out(
    connection: Connection,
    notification_id: UUID,
    email: str,
    facts: Facts,
    now: datetime,
    traceparent: str | None,
    account_id: UUID | None = None,
    *,
    gathered: bool = False,
) -> None:
    """Put a mail into the outbox, in the transaction that appended `NotificationRequested`.

    With `gathered` it waits for its person's mail of the day.
    """
    await connection.execute(
        "INSERT INTO outbox"
        " (notification_id, kind, email, facts, due_at, put_out_at, traceparent, account_id, state)"
        " VALUES ($1, $2, $3, $4, $5, $5, $6, $7, $8)",
        notification_id,
        facts.kind,
        email,
        facts.model_dump(mode="json"),
        now,
        traceparent,
        account_id,
        "gathering" if gathered else "waiting",
    )


async def claim(connection: Connection, worker: int, now: datetime) -> Item | None:
    """Claim the mail that has waited longest, log-in codes first; None when nothing is due."""
    row = await connection.fetchrow(CLAIM, worker, now)
    if row is None:
        return None
    facts = Facts.model_validate(row["facts"])
    return Item(
        row["notification_id"],
        row["email"],
        facts,
        row["traceparent"],
        row["tries"],
        row["put_out_at"],
        worker,
        row["account_id"],
    )


async def begin_handing_over(pool: Pool, item: Item) -> bool:
    """Note that the message is being handed over, and where to.

    False when another worker has taken it over, or it was stopped.
    """
    done: bool | None = await pool.fetchval(
        "UPDATE outbox SET state = 'sending', email = $3, account_id = $4"
        " WHERE notification_id = $1 AND worker = $2 AND state = 'claimed' RETURNING true",
        item.notification_id,
        item.worker,
        item.email,
        item.account_id,
    )
    return bool(done)


async def put_back(pool: Pool, item: Item, delay: timedelta, now: datetime) -> None:
    """Let the mail wait for `delay` and be tried again."""
    await pool.execute(
        "UPDATE outbox SET state = 'waiting', worker = NULL, due_at = $3"
        " WHERE notification_id = $1 AND worker = $2",
        item.notification_id,
        item.worker,
        now + delay,
    )


async def settle(
    pool: Pool,
    store: EventStore,
    notification_id: UUID,
    state: Settled,
    decide: Outcome,
    *,
    claimed_by: int | None = None,
) -> None:
    """Append what became of it and take its contents out of the outbox, in one transaction.

    With `claimed_by` only as long as that worker has it and nobody may be handing it over.
    """
    for attempt in range(TRIES):
        try:
            async with pool.acquire() as connection, connection.transaction():
                if await _still_claimed(connection, notification_id, claimed_by):
                    await settle_within(connection, store, notification_id, state, decide)
        except VersionConflictError:
            if attempt == TRIES - 1:
                raise
        else:
            return


async def _still_claimed(connection: Connection, own_id: UUID, worker: int | None) -> bool:
    if worker is None:
        return True
    claimed: bool | None = await connection.fetchval(
        "SELECT true FROM outbox WHERE notification_id = $1 AND worker = $2 AND state = 'claimed'"
        " FOR UPDATE",
        own_id,
        worker,
    )
    return bool(claimed)


async def settle_within(
    connection: Connection,
    store: EventStore,
    notification_id: UUID,
    state: Settled,
    decide: Outcome,
) -> Metadata:
    """Settle one mail within a transaction; return what is known of the event that asked for it."""
    loaded = await store.load(connection, NOTIFICATION, notification_id)
    events = decide(loaded.state)
    asked = loaded.events[0].meta
    actor = Actor(id=f"system:{store.source}", role="system", on_behalf_of=asked.actor.on_behalf_of)
    cause = Cause(actor, asked.authority, asked.correlation_id, asked.event_id, asked.traceparent)
    stream = NOTIFICATION.stream(notification_id)
    await store.append(connection, stream, loaded.version, events, cause)
    await connection.execute(
        "UPDATE outbox SET state = $2, facts = NULL, worker = NULL, settled_at = $3"
        " WHERE notification_id = $1",
        notification_id,
        state,
        store.clock(),
    )
    return asked


async def workers_at_work(connection: Connection) -> Sequence[int]:
    """Return the numbers of the workers that hold mails, alive or not."""
    rows = await connection.fetch("SELECT DISTINCT worker FROM outbox WHERE worker IS NOT NULL")
    return [row["worker"] for row in rows]
