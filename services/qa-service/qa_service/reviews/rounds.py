"""A PEP's reviews in order: each return begins another round."""

from uuid import UUID

from epep_runtime.event_store import EventStore, Loaded
from epep_runtime.postgres import Connection
from qa_service.reviews.review import REVIEW, Review, review_id


async def rounds_of(
    connection: Connection, store: EventStore, pep_id: UUID
) -> list[Loaded[Review]]:
    """Return the PEP's reviews from the first to the newest, straight from their streams."""
    found: list[Loaded[Review]] = []
    while True:
        loaded = await store.load(connection, REVIEW, review_id(pep_id, len(found) + 1))
        if loaded.version == 0:
            return found
        found.append(loaded)


async def next_round(connection: Connection, store: EventStore, pep_id: UUID) -> int:
    """Return the number of the open review, or of the one that would come next."""
    rounds = await rounds_of(connection, store, pep_id)
    return len(rounds) if rounds and rounds[-1].state.state == "open" else len(rounds) + 1
