"""An invitation was withdrawn: its mail, where it still waits, would bring a dead link."""

from collections.abc import Callable, Sequence
from uuid import UUID

from epep_events.base import Event
from epep_events.envelope import Metadata
from epep_events.meeting import InvitationWithdrawn
from epep_runtime.subscriptions import Reaction
from notification_service.notifications.delivering import WITHDRAWN, failed
from notification_service.notifications.notification import NOTIFICATION

WAITING = """
SELECT o.notification_id
  FROM outbox o JOIN events e ON e.stream_id = 'notification-' || o.notification_id
   AND e.stream_version = 1
 WHERE o.state IN ('waiting', 'claimed') AND e.data ->> 'invitation_id' = $1
   FOR UPDATE OF o
"""


async def stop_withdrawn(reaction: Reaction, event: InvitationWithdrawn, _meta: Metadata) -> None:
    """Settle what waits as failed; what is with the mail server goes its way."""
    rows = await reaction.connection.fetch(WAITING, str(event.invitation_id))
    stopped: dict[UUID, Callable[..., Sequence[Event]]] = {
        row["notification_id"]: failed(WITHDRAWN) for row in rows
    }
    if not stopped:
        return
    await reaction.append_many(NOTIFICATION, stopped)
    await reaction.connection.execute(
        "UPDATE outbox SET state = 'failed', facts = NULL, worker = NULL, settled_at = $2"
        " WHERE notification_id = ANY($1)",
        list(stopped),
        reaction.now,
    )
