"""Somebody was erased: mails about them, or to them, that have not gone out do not go out."""

from epep_events.base import ERASED
from epep_events.envelope import Metadata
from epep_events.operations import SubjectErased
from epep_runtime.subscriptions import Reaction
from notification_service.reactions.stopping import stop

CONCERNED = """
SELECT o.notification_id, o.settled_at IS NULL AS open
  FROM outbox o JOIN events e ON e.stream_id = 'notification-' || o.notification_id
   AND e.stream_version = 1
 WHERE $1 IN (e.data ->> 'child_id', e.data ->> 'account_id', e.data ->> 'invitation_id',
              e.data ->> 'notification_id', o.account_id::text)
    OR (o.kind = 'digest' AND o.settled_at IS NULL AND o.facts -> 'items' = '[]')
"""


OUT_OF_DAYS = """
UPDATE outbox SET facts = jsonb_set(facts, '{items}', coalesce(
       (SELECT jsonb_agg(each) FROM jsonb_array_elements(facts -> 'items') each
         WHERE each ->> 'child_id' IS DISTINCT FROM $1), '[]')),
       state = 'waiting', worker = NULL
 WHERE kind = 'digest' AND state IN ('waiting', 'claimed')
   AND facts -> 'items' @> jsonb_build_array(jsonb_build_object('child_id', $1::text))
"""
"""Takes a child out of the mails of the day that wait; one in which nothing is left is stopped.

A worker that has one in hand loses it before it hands it over, and it is read again.
"""


async def stop_mails(reaction: Reaction, event: SubjectErased, _: Metadata) -> None:
    """Settle what waits as failed, and keep no address of an erased adult in the outbox."""
    connection = reaction.connection
    await connection.execute(OUT_OF_DAYS, str(event.subject))
    rows = await connection.fetch(CONCERNED, str(event.subject))
    await stop(reaction, [row["notification_id"] for row in rows if row["open"]], ERASED)
    concerned = [row["notification_id"] for row in rows]
    await connection.execute(
        "UPDATE outbox SET email = $2 WHERE notification_id = ANY($1)", concerned, ERASED
    )
