"""People's names by account, followed from identity-service."""

from uuid import UUID

from epep_events.envelope import Metadata
from epep_events.identity import UserRegistered
from epep_runtime.postgres import Connection
from epep_runtime.subscriptions import Projector

SOMEBODY = "The virtual school"


async def _registered(connection: Connection, event: UserRegistered, _: Metadata) -> None:
    await connection.execute(
        "INSERT INTO people VALUES ($1, $2)"
        " ON CONFLICT (account_id) DO UPDATE SET name = excluded.name",
        event.account_id,
        event.name,
    )


PEOPLE = Projector(
    name="people", contexts=("identity",), tables=("people",), handles={UserRegistered: _registered}
)


async def name_of(connection: Connection, actor_id: str) -> str:
    """Return the name of the account that acted; only reviewers publish, so that is the default."""
    name: str | None = await connection.fetchval(
        "SELECT name FROM people WHERE account_id = $1", UUID(actor_id)
    )
    return name or SOMEBODY
