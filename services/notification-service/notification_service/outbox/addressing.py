"""Where a mail goes that has waited: to its person's address as it is now."""

from dataclasses import replace

from epep_events.notification import Kind
from epep_runtime.postgres import Pool
from notification_service.outbox.outbox import Item
from notification_service.read_models.people import present_person

ABOUT_WORK: frozenset[Kind] = frozenset(
    {
        "invitation",
        "rescheduled",
        "cancelled",
        "answered",
        "meeting_confirmed",
        "submitted",
        "returned",
        "signed_off",
        "feedback",
        "emergency_access",
        "digest",
    }
)
"""What is told a person. All else is about an account, and stays with the address it was for."""


async def at_present(pool: Pool, item: Item) -> Item:
    """Return the mail as it is to be addressed now; after a merge to the account that is kept."""
    if item.account_id is None or item.facts.kind not in ABOUT_WORK:
        return item
    async with pool.acquire() as connection:
        person = await present_person(connection, item.account_id)
    if person is None or not person.email:
        return item
    return replace(item, email=person.email, account_id=person.account_id)
