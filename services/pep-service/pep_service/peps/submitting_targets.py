"""A target was agreed at the meeting, so it is submitted, not before (B75, S57)."""

from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from epep_events.base import Event
from epep_events.pep import TargetSubmitted
from epep_events.profile import Section
from epep_runtime.http import CHANGE_RESPONSES, Changing
from epep_runtime.language import _
from epep_runtime.problems import RefusedError
from epep_runtime.text import Command, example
from pep_service.peps.answers import Changed
from pep_service.peps.changing_targets import change_target
from pep_service.peps.pep import PEP, refuse_unless_editable
from pep_service.peps.target_form import live_target

router = APIRouter(tags=["targets"])


class SubmitTarget(Command):
    """Nothing needs saying; the body is an empty object."""

    model_config = example()


def decide(pep: PEP, section: Section, target_id: UUID) -> list[Event]:
    """Return `TargetSubmitted`.

    Raises RefusedError when the PEP is not editable, the meeting is not confirmed, or the target
    was submitted or withdrawn before.
    """
    refuse_unless_editable(pep)
    target = live_target(pep, target_id)
    if not pep.meeting_confirmed:
        raise RefusedError(
            _(
                "Targets are agreed at the meeting. Confirm on the meeting page that it has taken"
                " place, then submit this target."
            ),
            "meeting_confirmed",
        )
    if target.status == "submitted":
        raise RefusedError(_("This target has been submitted already."), "already_submitted")
    return [
        TargetSubmitted(
            pep_id=pep.start.pep_id,
            target_id=target_id,
            section=section.key,
            statement=target.target.statement,
        )
    ]


@router.post(
    "/peps/{pep_id}/targets/{target_id}/submission",
    summary="Submit a target that the meeting agreed",
    responses={200: {"model": Changed}, **CHANGE_RESPONSES},
)
async def submit_target(
    pep_id: UUID,
    target_id: UUID,
    command: SubmitTarget,  # noqa: ARG001
    change: Changing,
    request: Request,
) -> JSONResponse:
    """Submit a target; refused (409, `meeting_confirmed`) before the meeting is confirmed."""
    return await change_target(
        request, change, pep_id, target_id, lambda pep, section: decide(pep, section, target_id)
    )
