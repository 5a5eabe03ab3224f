"""Taking a target back, with the reason; it stays in the record."""

from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from epep_events.base import Event
from epep_events.pep import TargetWithdrawn
from epep_events.profile import Section
from epep_runtime.http import CHANGE_RESPONSES, Changing
from epep_runtime.text import Command, example
from pep_service.peps.answers import Changed
from pep_service.peps.changing_targets import change_target
from pep_service.peps.pep import PEP, refuse_unless_editable
from pep_service.peps.reopening import reopened
from pep_service.peps.target_form import Needed, live_target

router = APIRouter(tags=["targets"])


class WithdrawTarget(Command):
    """Why the target is withdrawn."""

    model_config = example(reason="Amy reached it before the meeting.")

    reason: Needed


def decide(pep: PEP, section: Section, target_id: UUID, reason: str) -> list[Event]:
    """Return `TargetWithdrawn`, and `SectionReopened` where the section was complete.

    Raises RefusedError when the PEP is not editable or the target withdrawn before.
    """
    refuse_unless_editable(pep)
    target = live_target(pep, target_id).target
    withdrawn = TargetWithdrawn(
        pep_id=pep.start.pep_id,
        target_id=target_id,
        section=section.key,
        statement=target.statement,
        reason=reason,
    )
    return [withdrawn, *reopened(pep, section, "A target was withdrawn")]


@router.post(
    "/peps/{pep_id}/targets/{target_id}/withdrawal",
    summary="Withdraw a target",
    responses={200: {"model": Changed}, **CHANGE_RESPONSES},
)
async def withdraw_target(
    pep_id: UUID,
    target_id: UUID,
    command: WithdrawTarget,
    change: Changing,
    request: Request,
) -> JSONResponse:
    """Withdraw a target, giving the reason."""
    return await change_target(
        request,
        change,
        pep_id,
        target_id,
        lambda pep, section: decide(pep, section, target_id, command.reason),
    )
