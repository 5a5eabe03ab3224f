"""Mails that wait do not go out after all: something has happened that makes them wrong."""

from collections.abc import Sequence
from uuid import UUID

from epep_runtime.subscriptions import Reaction
from notification_service.notifications.delivering import failed
from notification_service.notifications.notification import NOTIFICATION


async def stop(reaction: Reaction, waiting: Sequence[UUID], why: str) -> None:
    """Settle these as failed and take their contents out of the outbox, in one transaction.

    What was settled meanwhile stays as it is.
    """
    if not waiting:
        return
    await reaction.append_many(NOTIFICATION, dict.fromkeys(waiting, failed(why)))
    await reaction.connection.execute(
        "UPDATE outbox SET state = 'failed', facts = NULL, worker = NULL, settled_at = $2"
        " WHERE notification_id = ANY($1) AND settled_at IS NULL",
        waiting,
        reaction.now,
    )
