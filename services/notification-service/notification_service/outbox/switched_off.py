"""Whether somebody has switched mails of a kind off while one of them waited."""

from epep_runtime.event_store import EventStore
from epep_runtime.postgres import Pool
from notification_service.outbox.outbox import Item
from notification_service.preferences.kinds import kinds
from notification_service.preferences.preferences import PREFERENCES, mailed


async def is_switched_off(pool: Pool, store: EventStore, item: Item) -> bool:
    """Tell whether the person of a mail, as it is addressed now, wants none of its kind.

    Only of the kinds that may be switched off is anything read, so that no log-in code waits.
    """
    kind = item.facts.kind
    if item.account_id is None or not kinds().may_be_unmailed(kind):
        return False
    async with pool.acquire() as connection:
        choices = await store.load(connection, PREFERENCES, item.account_id)
    return mailed(choices.state, kind) == "never"
