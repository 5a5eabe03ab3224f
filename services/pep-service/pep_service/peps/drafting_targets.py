"""Writing a target down before the meeting agrees it (B48, B74)."""

from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel

from epep_events.base import Event
from epep_events.pep import TargetDrafted
from epep_events.profile import Section
from epep_runtime.commands import Answer
from epep_runtime.http import CHANGE_RESPONSES, Changing, running_of
from epep_runtime.ids import new_id
from epep_runtime.language import _
from epep_runtime.problems import RefusedError
from pep_service.peps.pep import PEP, PEPS, refuse_unless_editable
from pep_service.peps.reading import open_pep
from pep_service.peps.reopening import reopened
from pep_service.peps.target_form import TargetForm, target_of, targets_page

router = APIRouter(tags=["targets"])
MOST = 30


class Drafted(BaseModel):
    """The answer: the new target's id."""

    target_id: UUID
    version: int


def decide(pep: PEP, section: Section, target_id: UUID, form: TargetForm) -> list[Event]:
    """Return `TargetDrafted`, and `SectionReopened` where the section was complete.

    Raises RefusedError when the PEP is not editable or has 30 targets, InvalidError for a form
    that does not fit.
    """
    refuse_unless_editable(pep)
    if sum(each.status != "withdrawn" for each in pep.targets.values()) >= MOST:
        raise RefusedError(_("A PEP has at most %(most)s targets.", most=MOST), "too_many")
    drafted = TargetDrafted(
        pep_id=pep.start.pep_id,
        target_id=target_id,
        section=section.key,
        target=target_of(pep, form),
    )
    return [drafted, *reopened(pep, section, "A target was added")]


@router.post(
    "/peps/{pep_id}/targets",
    status_code=201,
    summary="Draft a target",
    responses={201: {"model": Drafted}, **CHANGE_RESPONSES},
)
async def draft_target(
    pep_id: UUID, command: TargetForm, change: Changing, request: Request
) -> JSONResponse:
    """Add a target as a draft; needs no `If-Match`, for it only adds."""
    running = running_of(request)
    opened = await open_pep(running, change.principal, pep_id)
    section, page = targets_page(opened.sections)
    role = opened.acting.must("page.write", page.write)
    target_id = new_id()
    return await running.commands.carry_out(
        change,
        PEPS,
        pep_id,
        lambda pep: decide(pep, section, target_id, command),
        role=role,
        authority=opened.acting.authority,
        needs_version=False,
        stale=lambda *_: False,
        answer=lambda _, version: Answer(
            {"target_id": str(target_id), "version": version},
            201,
            f"/peps/{pep_id}/targets/{target_id}",
        ),
    )
