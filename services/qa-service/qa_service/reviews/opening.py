"""The virtual school takes up a PEP by hand, after its sign-off."""

from collections.abc import Sequence
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel

from epep_access.checking import acting_for_pep
from epep_events.base import Event
from epep_runtime.commands import Answer
from epep_runtime.http import CHANGE_RESPONSES, Changing, running_of
from epep_runtime.language import _
from epep_runtime.problems import RefusedError
from epep_runtime.text import Command, example
from qa_service.read_models.peps import PepUnderReview, pep_under_review
from qa_service.reviews.review import REVIEW, Review, review_id
from qa_service.reviews.rounds import next_round
from qa_service.reviews.selecting import select

router = APIRouter(tags=["reviews"])


class OpenReview(Command):
    """Nothing more than the wish to review this PEP."""

    model_config = example()


class Opened(BaseModel):
    """The review that was opened."""

    review_id: UUID
    version: int


def open_by_hand(state: Review, pep: PepUnderReview, number: int) -> Sequence[Event]:
    """Take a signed-off PEP up for an audit. Raises RefusedError."""
    if pep.qa.mode != "after_sign_off":
        raise RefusedError(
            _("In this authority every PEP is reviewed before it is signed off."), "gated"
        )
    if pep.state != "signed_off":
        raise RefusedError(_("A PEP is audited after it has been signed off."), "not-signed-off")
    if state.state != "none":
        raise RefusedError(_("This PEP is being reviewed already."), "under-review")
    return select(pep.pep_id, pep.child_id, number, False, "chosen", state)


@router.post(
    "/peps/{pep_id}/review",
    summary="Open an audit by hand",
    status_code=201,
    responses=CHANGE_RESPONSES,
    response_model=Opened,
)
async def post_review(
    pep_id: UUID, _command: OpenReview, change: Changing, request: Request
) -> JSONResponse:
    """Take a signed-off PEP up for review. Only for the virtual school; needs no If-Match."""
    running = running_of(request)
    async with running.pool.acquire() as connection:
        acting = await acting_for_pep(connection, change.principal, pep_id)
        role = acting.must("review.write")
        pep = await pep_under_review(connection, pep_id)
        number = await next_round(connection, running.store, pep_id)
    own_id = review_id(pep_id, number)
    return await running.commands.carry_out(
        change,
        REVIEW,
        own_id,
        lambda review: open_by_hand(review, pep, number),
        role=role,
        authority=acting.authority,
        answer=lambda _, version: Answer(
            {"review_id": str(own_id), "version": version}, 201, f"/peps/{pep_id}/review"
        ),
        needs_version=False,
    )
