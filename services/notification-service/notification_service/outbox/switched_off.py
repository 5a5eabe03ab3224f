"""Whether somebody has switched mails of a kind off while one of them waited."""

from epep_runtime.event_store import EventStore
from epep_runtime.postgres import Pool
from notification_service.notifications.notification import NOTIFICATION
from notification_service.outbox.outbox import Item
from notification_service.preferences.kinds import kinds
from notification_service.preferences.preferences import PREFERENCES, is_mailed


async def is_switched_off(pool: Pool, store: EventStore, item: Item) -> bool:
    """Tell whether the person of a mail wants none of its kind now.

    Only of the kinds that may be switched off is anything read, so that no log-in code waits.
    """
    if not (item.facts.has_account and kinds().may_be_unmailed(item.facts.kind)):
        return False
    async with pool.acquire() as connection:
        asked = (await store.load(connection, NOTIFICATION, item.notification_id)).state.asked
        if asked is None or asked.account_id is None:
            return False
        choices = await store.load(connection, PREFERENCES, asked.account_id)
    return not is_mailed(choices.state, asked.kind)
