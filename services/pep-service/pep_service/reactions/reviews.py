"""When the virtual school's judgement is published, the PEP is signed off, returned, or told."""

from epep_events.envelope import Metadata
from epep_events.qa import QAPublished
from epep_runtime.subscriptions import Reaction, Reactor
from pep_service.peps.hearing import quality_judged
from pep_service.peps.pep import PEPS


async def published(reaction: Reaction, event: QAPublished, _: Metadata) -> None:
    """Note the judgement, and in the same append what follows from it."""
    await reaction.append(PEPS, event.pep_id, lambda pep: quality_judged(pep, event))


REVIEWS = Reactor(name="reviews", contexts=("qa",), handles={QAPublished: published})
