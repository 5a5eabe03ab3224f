"""The targets of a PEP as its targets page shows them."""

from datetime import date
from typing import Literal
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel

from epep_access.readings import note_reading
from epep_events.profile import Choice
from epep_runtime.event_store import Loaded
from epep_runtime.http import Asking, running_of
from pep_service.peps.page_view import may_write
from pep_service.peps.pep import PEP, TargetState
from pep_service.peps.reading import Opened, open_pep
from pep_service.peps.target_areas import AREAS, area_label
from pep_service.peps.target_form import targets_page

router = APIRouter(tags=["targets"])


class MayTargets(BaseModel):
    """What the caller may do on the page; `submit` only once the meeting is confirmed (B75)."""

    draft: bool
    submit: bool


class MayTarget(BaseModel):
    """What the caller may do to one target."""

    amend: bool
    submit: bool
    withdraw: bool


class TargetLine(BaseModel):
    """One target."""

    target_id: UUID
    state: Literal["draft", "submitted", "withdrawn"]
    area: str
    area_label: str
    need: str | None
    statement: str
    baseline: str | None
    success_measure: str
    support: str | None
    supported_by: str | None
    due_on: date
    may: MayTarget


class TargetsPage(BaseModel):
    """All targets in the order in which they were drafted."""

    version: int
    section: str
    may: MayTargets
    areas: tuple[Choice, ...]
    targets: list[TargetLine]


def _line(each: TargetState, *, writes: bool, agreed: bool) -> TargetLine:
    live = writes and each.status != "withdrawn"
    return TargetLine(
        target_id=each.target_id,
        state=each.status,
        area_label=area_label(each.target.area),
        may=MayTarget(amend=live, submit=live and agreed and each.status == "draft", withdraw=live),
        **each.target.model_dump(),
    )


def targets_shown(opened: Opened, loaded: Loaded[PEP] | None = None) -> TargetsPage:
    """Return the targets; `loaded` is the PEP as it is now, where it was opened a moment ago."""
    loaded = loaded or opened.loaded
    section, page = targets_page(opened.sections)
    writes, agreed = may_write(opened, page), loaded.state.meeting_confirmed
    return TargetsPage(
        version=loaded.version,
        section=section.key,
        may=MayTargets(draft=writes, submit=writes and agreed),
        areas=[Choice(value=each.value, label=area_label(each.value)) for each in AREAS],
        targets=[
            _line(each, writes=writes, agreed=agreed) for each in loaded.state.targets.values()
        ],
    )


@router.get(
    "/peps/{pep_id}/targets",
    summary="Read a PEP's targets",
    response_model=TargetsPage,
)
async def read_targets(pep_id: UUID, asking: Asking, request: Request) -> JSONResponse:
    """Return the targets, withdrawn ones among them, and what the caller may do to each."""
    running = running_of(request)
    opened = await open_pep(running, asking, pep_id)
    opened.acting.must("targets.read")
    note_reading(running, asking, opened.acting, "targets.read")
    page = targets_shown(opened)
    return JSONResponse(page.model_dump(mode="json"), headers={"ETag": f'"{opened.version}"'})
