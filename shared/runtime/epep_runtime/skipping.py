"""Events that an operator has taken out of a read model for good: a later rebuild leaves them out.

The facts in the service's own log say which (`parking_desk.skip`), so that a restored database
and an auditor's copy know as well.
"""

from dataclasses import dataclass

from epep_runtime.operations import STREAM
from epep_runtime.postgres import Connection, Pool

SKIPPED = """
SELECT data FROM (
    SELECT data::jsonb AS data, stream_version FROM events
     WHERE stream_id = $1 AND type = 'ParkedEventSkipped'
) facts WHERE data->>'subscription' = $2 ORDER BY stream_version
"""


@dataclass(frozen=True, slots=True)
class Skipped:
    """One event that a read model goes without, and the operator's reason."""

    topic: str
    publication: int
    stream: str
    event_type: str
    why: str

    def __str__(self) -> str:
        """Return it as a line for the operator."""
        return f"publication {self.publication} ({self.event_type}) of {self.stream}: {self.why}"


async def skipped_in(connection: Pool | Connection, read_model: str) -> tuple[Skipped, ...]:
    """Return what operators have skipped in a read model, in the order in which they did."""
    facts = [row["data"] for row in await connection.fetch(SKIPPED, STREAM, read_model)]
    return tuple(
        Skipped(fact["topic"], fact["publication"], fact["stream"], fact["event_type"], fact["why"])
        for fact in facts
    )
