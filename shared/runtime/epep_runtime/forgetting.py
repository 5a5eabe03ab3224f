"""What every service's machinery forgets when a person has been erased."""

from uuid import UUID

from epep_events.envelope import Metadata
from epep_events.operations import SubjectErased
from epep_runtime.postgres import Connection
from epep_runtime.subscriptions import SAID_ERASED, Projector


async def forget_answers(connection: Connection, subject: UUID) -> None:
    """Drop the first answers to what an adult changed, and to changes of a child's record."""
    await connection.execute(
        "DELETE FROM first_answers WHERE account_id = $1 OR child_id = $1", subject
    )


async def _erased(connection: Connection, event: SubjectErased, _: Metadata) -> None:
    await forget_answers(connection, event.subject)


FORGETTING = Projector(
    name="forgetting",
    contexts=SAID_ERASED,
    tables=(),
    handles={SubjectErased: _erased},
)
