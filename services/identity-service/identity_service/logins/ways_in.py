"""What is under way for an account without a session: log-ins, and links to a new password."""

from datetime import datetime
from uuid import UUID

from epep_runtime.postgres import Connection
from identity_service.links import records as links
from identity_service.logins import records


async def end_ways_in(connection: Connection, account_id: UUID, now: datetime) -> None:
    """End them: the password or the address that they were begun with is the person's no more.

    The caller holds the account's stream, and appends to no other that it does not hold.
    """
    await records.end_all(connection, account_id, now)
    await links.void(connection, account_id, now)
