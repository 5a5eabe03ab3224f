"""What every change of a review has in common: who may, by which profile, and the 412."""

from collections.abc import Callable, Sequence
from uuid import UUID

from fastapi import Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel

from epep_access.checking import acting_for_child
from epep_events.base import Event
from epep_events.profile import QualityAssurance
from epep_runtime.commands import Answer, Change
from epep_runtime.http import running_of
from epep_runtime.problems import NotFoundError, StaleVersionError
from qa_service.read_models.peps import pep_under_review
from qa_service.reviews.review import REVIEW, Review
from qa_service.reviews.viewing import view_of

Decide = Callable[[Review, QualityAssurance], Sequence[Event]]


class Changed(BaseModel):
    """The review's new version, also in `ETag`."""

    version: int


async def change_review(
    request: Request,
    change: Change,
    review_id: UUID,
    decide: Decide,
    permission: str = "review.write",
) -> JSONResponse:
    """Carry a reviewer's change out.

    Raises NotFoundError, ForbiddenError, StaleVersionError with the review as it is now, and what
    `decide` raises.
    """
    running = running_of(request)
    async with running.pool.acquire() as connection:
        state = (await running.store.load(connection, REVIEW, review_id)).state
        if state.selected is None:
            raise NotFoundError
        acting = await acting_for_child(connection, change.principal, state.selected.child_id)
        role = acting.must(permission)
        pep = await pep_under_review(connection, state.selected.pep_id)
    try:
        return await running.commands.carry_out(
            change,
            REVIEW,
            review_id,
            lambda review: decide(review, pep.qa),
            role=role,
            authority=acting.authority,
            answer=lambda _, version: Answer({"version": version}),
        )
    except StaleVersionError as error:
        async with running.pool.acquire() as connection:
            now = await view_of(connection, running.store, pep, acting)
        raise StaleVersionError(now.version or 0, now.model_dump(mode="json")) from error
