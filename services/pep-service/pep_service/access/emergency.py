"""Break-glass: a duty worker opens a record that nobody gave them, for a day, and says why."""

from datetime import datetime, timedelta
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, StringConstraints

from epep_access.checking import acting_for_child, acting_in
from epep_events.access import EmergencyAccessTaken
from epep_events.base import Event
from epep_events.profile import Role
from epep_runtime.commands import Answer
from epep_runtime.http import CHANGE_RESPONSES, Changing, running_of
from epep_runtime.language import _
from epep_runtime.problems import NotFoundError, RefusedError
from epep_runtime.service import Running
from epep_runtime.text import Command, Name, Paragraph, example
from epep_runtime.tokens import Principal
from pep_service.children.child import CHILD, Child, child_id_of

router = APIRouter(tags=["access"])
LASTS = timedelta(hours=24)
Reason = Annotated[Paragraph, StringConstraints(min_length=10, max_length=1000)]


class TakeEmergencyAccess(Command):
    """Which child, by the authority's own number, and why it cannot wait."""

    model_config = example(
        authority="330",
        social_care_id="C000123",
        reason="Police have found the child and ask who their teacher is.",
    )

    authority: Annotated[str, StringConstraints(pattern=r"^[0-9]{3}$")]
    social_care_id: Name
    reason: Reason


class Taken(BaseModel):
    """Whose record is open, and until when."""

    child_id: UUID
    until: datetime


def decide(child: Child, account_id: UUID, role: Role, reason: str, now: datetime) -> list[Event]:
    """Return the emergency access. Raises NotFoundError where there is no such child."""
    if child.child_id is None:
        raise NotFoundError
    return [
        EmergencyAccessTaken(
            child_id=child.child_id,
            account_id=account_id,
            role=role,
            reason=reason,
            until=now + LASTS,
        )
    ]


async def _sees(running: Running, principal: Principal, child_id: UUID) -> bool:
    try:
        await acting_for_child(running.pool, principal, child_id)
    except NotFoundError:
        return False
    return True


@router.post(
    "/break-glass",
    status_code=201,
    summary="Open a record in an emergency",
    responses={201: {"model": Taken}, **CHANGE_RESPONSES},
)
async def take_emergency_access(
    command: TakeEmergencyAccess, change: Changing, request: Request
) -> JSONResponse:
    """Open a child's record for 24 hours; the virtual school is told at once.

    For duty workers with a role in the authority. 404 for a number that is not known there, 409
    `has-access` for somebody who may see the child anyway.
    """
    running = running_of(request)
    acting = await acting_in(running.pool, change.principal, command.authority)
    role: Role = acting.must("emergency.take")  # type: ignore[assignment]  # the table has roles
    child_id = child_id_of(command.authority, command.social_care_id)
    sees = await _sees(running, change.principal, child_id)
    now = running.store.clock()
    taken = Taken(child_id=child_id, until=now + LASTS)

    def decided(child: Child) -> list[Event]:
        if sees:  # asked here, for the same request again is answered as it was the first time
            raise RefusedError(_("You may see this child already."), "has-access")
        return decide(child, change.principal.account_id, role, command.reason, now)

    return await running.commands.carry_out(
        change,
        CHILD,
        child_id,
        decided,
        role=role,
        authority=command.authority,
        answer=lambda _, version: Answer(
            {**taken.model_dump(mode="json"), "version": version}, 201, f"/children/{child_id}"
        ),
        needs_version=False,
    )
