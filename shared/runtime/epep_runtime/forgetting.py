"""What every service's machinery does when a person has been erased."""

from uuid import UUID

from epep_events.envelope import Metadata
from epep_events.operations import SubjectErased
from epep_runtime.generations import Generation, work_in
from epep_runtime.postgres import Connection, Pool
from epep_runtime.subscriptions import SAID_ERASED, Projector


async def _erased(connection: Connection, event: SubjectErased, meta: Metadata) -> None:
    """Note who was erased, and drop the first answers to changes of theirs or by them."""
    await connection.execute(
        "INSERT INTO erased_subjects VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
        event.subject,
        event.kind,
        meta.occurred_at,
    )
    await connection.execute(
        "DELETE FROM first_answers WHERE account_id = $1 OR child_id = $1", event.subject
    )


FORGETTING = Projector(
    name="forgetting",
    contexts=SAID_ERASED,
    tables=("erased_subjects",),
    handles={SubjectErased: _erased},
)


async def forget_everybody_erased(pool: Pool, projector: Projector, generation: Generation) -> None:
    """Have a rebuilt generation forget whoever has been erased.

    Rows of events without personal values, which were there before the erasure, are then as in the
    live read model, in whatever order the partitions came. Raises GenerationGoneError.
    """
    if projector.forget is None:
        return
    async with pool.acquire() as connection, connection.transaction():
        subjects: list[UUID] = [
            row["subject"] for row in await connection.fetch("SELECT subject FROM erased_subjects")
        ]
        await work_in(connection, generation)
        for subject in subjects:
            await projector.forget(connection, subject)
