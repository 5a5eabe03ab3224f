"""Two accounts of one person became one while both waited for a mail about the same thing."""

from collections.abc import Sequence
from uuid import UUID

from epep_runtime.event_store import EventStore
from epep_runtime.postgres import Connection
from notification_service.notifications.notification import NOTIFICATION, notification_id

CLOSED = "SELECT account_id FROM known_people WHERE merged_into = $1 ORDER BY account_id"
TOLD = """
SELECT true FROM outbox
 WHERE (notification_id = ANY($1) AND state IN ('waiting', 'claimed', 'gathering'))
    OR (notification_id = ANY($2) AND state IN ('sending', 'sent', 'gathered') AND account_id = $3)
 LIMIT 1
"""


async def is_double(
    connection: Connection, store: EventStore, own_id: UUID, account_id: UUID
) -> bool:
    """Tell whether the person, now `account_id`, has another mail about the very same event.

    Of several that wait that of the account that is kept goes out, else that of the lowest id, so
    that workers who look at the same time agree. What went to the address of a closed account, or
    never arrived, is no reason to keep this one back.
    """
    closed = [row["account_id"] for row in await connection.fetch(CLOSED, account_id)]
    if not closed:
        return False
    cause = (await store.load(connection, NOTIFICATION, own_id)).events[0].meta.causation_id
    ranked = [notification_id(cause, each) for each in (account_id, *closed)] if cause else []
    if own_id not in ranked:  # an invitation, which ends with its own event, or a mail of the day
        return False
    ahead, others = _around(ranked, own_id)
    return bool(await connection.fetchval(TOLD, ahead, others, account_id))


def _around(ranked: Sequence[UUID], own_id: UUID) -> tuple[list[UUID], list[UUID]]:
    place = ranked.index(own_id)
    return list(ranked[:place]), [each for each in ranked if each != own_id]
