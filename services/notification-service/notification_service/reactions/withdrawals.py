"""An invitation was withdrawn: its mail, where it still waits, would bring a dead link."""

from epep_events.envelope import Metadata
from epep_events.meeting import InvitationWithdrawn
from epep_runtime.subscriptions import Reaction
from notification_service.notifications.delivering import WITHDRAWN
from notification_service.reactions.stopping import stop

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
    await stop(reaction, [row["notification_id"] for row in rows], WITHDRAWN)
