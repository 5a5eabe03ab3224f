"""Changing a target (B83). An agreed one becomes a draft again: it was not agreed like that."""

from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from epep_events.base import Event
from epep_events.pep import TargetAmended
from epep_events.profile import Section
from epep_runtime.http import CHANGE_RESPONSES, Changing
from pep_service.peps.answers import Changed
from pep_service.peps.changing_targets import change_target
from pep_service.peps.pep import PEP, refuse_unless_editable
from pep_service.peps.reopening import reopened
from pep_service.peps.target_form import TargetForm, changes_between, live_target, target_of

router = APIRouter(tags=["targets"])


def decide(pep: PEP, section: Section, target_id: UUID, form: TargetForm) -> list[Event]:
    """Return `TargetAmended` with what differs (nothing for nothing), and the reopened section.

    Raises RefusedError when the PEP is not editable or the target withdrawn, InvalidError.
    """
    refuse_unless_editable(pep)
    old, new = live_target(pep, target_id).target, target_of(pep, form)
    changes = changes_between(old, new)
    if not changes:
        return []
    amended = TargetAmended(
        pep_id=pep.start.pep_id,
        target_id=target_id,
        section=section.key,
        target=new,
        changes=changes,
    )
    return [amended, *reopened(pep, section, "A target was changed")]


@router.put(
    "/peps/{pep_id}/targets/{target_id}",
    summary="Amend a target",
    responses={200: {"model": Changed}, **CHANGE_RESPONSES},
)
async def amend_target(
    pep_id: UUID, target_id: UUID, command: TargetForm, change: Changing, request: Request
) -> JSONResponse:
    """Replace a target's text; one that was submitted has to be submitted again."""
    return await change_target(
        request,
        change,
        pep_id,
        target_id,
        lambda pep, section: decide(pep, section, target_id, command),
    )
