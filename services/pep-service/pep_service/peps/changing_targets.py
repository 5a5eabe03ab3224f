"""What the three changes of an existing target share: the person, the page, the conflict rule."""

from collections.abc import Callable, Sequence
from uuid import UUID

from fastapi import Request
from fastapi.responses import JSONResponse

from epep_events.base import Event
from epep_events.profile import Section
from epep_runtime.commands import Answer, Change
from epep_runtime.http import running_of
from pep_service.peps.pep import PEP, PEPS
from pep_service.peps.reading import open_pep
from pep_service.peps.target_form import is_stale, targets_page
from pep_service.peps.targets_view import targets_shown


async def change_target(
    request: Request,
    change: Change,
    pep_id: UUID,
    target_id: UUID,
    decide: Callable[[PEP, Section], Sequence[Event]],
) -> JSONResponse:
    """Carry out a change of one target by somebody who may write the targets page.

    It conflicts (412, with the targets as they are now) only when this target has changed since.
    """
    running = running_of(request)
    opened = await open_pep(running, change.principal, pep_id)
    section, page = targets_page(opened.sections)
    return await running.commands.carry_out(
        change,
        PEPS,
        pep_id,
        lambda pep: decide(pep, section),
        role=opened.acting.must("page.write", page.write),
        authority=opened.acting.authority,
        answer=lambda _, version: Answer({"version": version}),
        stale=lambda pep, version, if_match: is_stale(pep, target_id, version, if_match),
        describe=lambda now: targets_shown(opened, now).model_dump(mode="json"),
    )
