"""Two accounts of one person became one while both waited for a mail about the same thing."""

from collections.abc import Iterable, Sequence
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


async def doubles(
    connection: Connection, store: EventStore, own_ids: Iterable[UUID], account_id: UUID
) -> set[UUID]:
    """Return those of the person's notifications of whose event they have another mail.

    The person is now `account_id`. Of several that wait that of the account that is kept goes out,
    else that of the lowest id, so that workers who look at the same time agree. What went to the
    address of a closed account, or never arrived, is no reason to keep another back.
    """
    closed = [row["account_id"] for row in await connection.fetch(CLOSED, account_id)]
    if not closed:
        return set()
    accounts = (account_id, *closed)
    return {each for each in own_ids if await _is_double(connection, store, each, accounts)}


async def _is_double(
    connection: Connection, store: EventStore, own_id: UUID, accounts: Sequence[UUID]
) -> bool:
    cause = (await store.load(connection, NOTIFICATION, own_id)).events[0].meta.causation_id
    ranked = [notification_id(cause, each) for each in accounts] if cause else []
    if own_id not in ranked:  # an invitation, which ends with its own event, or a mail of the day
        return False
    place = ranked.index(own_id)
    ahead, others = ranked[:place], [*ranked[:place], *ranked[place + 1 :]]
    return bool(await connection.fetchval(TOLD, ahead, others, accounts[0]))
