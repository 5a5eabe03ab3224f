"""What a dead worker has left behind: try it again where that is safe, hold it where it is not."""

import structlog

from epep_runtime.event_store import EventStore
from epep_runtime.postgres import Connection, Pool
from notification_service.notifications.delivering import held
from notification_service.notifications.notification import Reached, message_id
from notification_service.outbox.outbox import settle, workers_at_work

log = structlog.get_logger()


async def sweep(pool: Pool, store: EventStore, mail_domain: str, alive: int) -> None:
    """Put right the mails of every worker that has died; `alive` is the caller's own number.

    A worker holds the advisory lock of its number as long as it lives, so PostgreSQL knows, at
    once and without a clock, which ones are gone.
    """
    async with pool.acquire() as connection:
        for worker in await workers_at_work(connection):
            if worker == alive or not await _is_dead(connection, worker):
                continue
            try:
                await _put_right(pool, store, mail_domain, worker)
            finally:
                await connection.execute("SELECT pg_advisory_unlock($1)", worker)


async def _is_dead(connection: Connection, worker: int) -> bool:
    got: bool = await connection.fetchval("SELECT pg_try_advisory_lock($1)", worker)
    return got


async def _put_right(pool: Pool, store: EventStore, mail_domain: str, worker: int) -> None:
    again = await pool.fetch(
        "UPDATE outbox SET state = 'waiting', worker = NULL"
        " WHERE worker = $1 AND state = 'claimed' RETURNING true",
        worker,
    )
    unknown = await pool.fetch(
        "SELECT notification_id, account_id, email FROM outbox"
        " WHERE worker = $1 AND state = 'sending'",
        worker,
    )
    for row in unknown:
        own_id = row["notification_id"]
        unsure = held(message_id(own_id, mail_domain), Reached(row["account_id"], row["email"]))
        await settle(pool, store, own_id, "uncertain", unsure)
    log.warning("a mail worker had died", again=len(again), uncertain=len(unknown))
