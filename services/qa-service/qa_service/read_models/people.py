"""People's names, to say who published a review."""

from uuid import UUID

from epep_access.people import names_of
from epep_runtime.postgres import Connection

SOMEBODY = "The virtual school"


async def name_of(connection: Connection, actor_id: str) -> str:
    """Return the name of the account that acted; only reviewers publish, so that is the default."""
    account_id = UUID(actor_id)
    return (await names_of(connection, [account_id])).get(account_id, SOMEBODY)
