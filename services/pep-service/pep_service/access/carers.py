"""Carers, parents and young people: asked for by e-mail address, let in by the virtual school."""

from collections.abc import Sequence
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel

from epep_access.checking import acting_for_child
from epep_events.access import (
    CarerAccessApproved,
    CarerAccessRefused,
    CarerAccessRequested,
    CarerRelation,
)
from epep_events.base import Event
from epep_runtime.commands import Answer
from epep_runtime.http import CHANGE_RESPONSES, Changing, running_of
from epep_runtime.ids import new_id
from epep_runtime.language import _
from epep_runtime.problems import NotFoundError, RefusedError
from epep_runtime.text import Command, Email, Name, example
from pep_service.children.child import CHILD, Child
from pep_service.children.shapes import NewVersion

router = APIRouter(tags=["access"])


class AskForCarer(Command):
    """Who is to see the plan: the address that they will log in with (Care Information page)."""

    model_config = example(name="Rowan Hale", email="rowan.hale@home.example", relation="carer")

    name: Name
    email: Email
    relation: CarerRelation


class ApproveCarer(Command):
    """Nothing needs saying beyond which request; the body is an empty object."""

    model_config = example()


class RefuseCarer(Command):
    """Why not; whoever asked reads it."""

    model_config = example(why="The court order does not allow contact.")

    why: Name


class Asked(BaseModel):
    """The new request's id."""

    request_id: UUID
    version: int


def ask(child: Child, request_id: UUID, command: AskForCarer) -> list[Event]:
    """Return the request. Raises RefusedError where one for the address waits or was approved."""
    if child.child_id is None:
        raise NotFoundError
    for known, state in child.carers.values():
        if known.email == command.email and state != "refused":
            raise RefusedError(_("Access for this address has been asked for."), "asked-already")
    return [
        CarerAccessRequested(request_id=request_id, child_id=child.child_id, **command.model_dump())
    ]


def _waiting(child: Child, request_id: UUID) -> CarerAccessRequested:
    if request_id not in child.carers:
        raise NotFoundError
    asked, state = child.carers[request_id]
    if state != "waiting":
        raise RefusedError(_("This request has been decided."), "decided")
    return asked


def approve(child: Child, request_id: UUID) -> Sequence[Event]:
    """Return the approval. Raises NotFoundError, RefusedError `decided`."""
    asked = _waiting(child, request_id)
    return [
        CarerAccessApproved(
            request_id=request_id,
            child_id=asked.child_id,
            name=asked.name,
            email=asked.email,
            role=asked.relation,
        )
    ]


def refuse(child: Child, request_id: UUID, why: str) -> Sequence[Event]:
    """Return the refusal. Raises NotFoundError, RefusedError `decided`."""
    asked = _waiting(child, request_id)
    return [CarerAccessRefused(request_id=request_id, child_id=asked.child_id, why=why)]


@router.post(
    "/children/{child_id}/carer-requests",
    status_code=201,
    summary="Ask for a carer’s access",
    responses={201: {"model": Asked}, **CHANGE_RESPONSES},
)
async def ask_for_carer(
    child_id: UUID, command: AskForCarer, change: Changing, request: Request
) -> JSONResponse:
    """Ask that a carer, a parent or the young person may see the plan; they need no account yet."""
    running = running_of(request)
    acting = await acting_for_child(running.pool, change.principal, child_id)
    role, request_id = acting.must("child.ask_for_carer"), new_id()
    return await running.commands.carry_out(
        change,
        CHILD,
        child_id,
        lambda child: ask(child, request_id, command),
        role=role,
        authority=acting.authority,
        answer=lambda _, version: Answer({"request_id": str(request_id), "version": version}, 201),
        needs_version=False,
    )


@router.post(
    "/children/{child_id}/carer-requests/{request_id}/approval",
    summary="Approve a carer’s access",
    response_model=NewVersion,
    responses=CHANGE_RESPONSES,
)
async def approve_carer(
    child_id: UUID,
    request_id: UUID,
    command: ApproveCarer,  # noqa: ARG001
    change: Changing,
    request: Request,
) -> JSONResponse:
    """Let them in, with an account they have or will have; `If-Match` is the child's version."""
    running = running_of(request)
    acting = await acting_for_child(running.pool, change.principal, child_id)
    return await running.commands.carry_out(
        change,
        CHILD,
        child_id,
        lambda child: approve(child, request_id),
        role=acting.must("child.decide_carer"),
        authority=acting.authority,
        answer=lambda _, version: Answer({"version": version}),
    )


@router.post(
    "/children/{child_id}/carer-requests/{request_id}/refusal",
    summary="Refuse a carer’s access",
    response_model=NewVersion,
    responses=CHANGE_RESPONSES,
)
async def refuse_carer(
    child_id: UUID, request_id: UUID, command: RefuseCarer, change: Changing, request: Request
) -> JSONResponse:
    """Do not let them in, and say why; `If-Match` is the child's version."""
    running = running_of(request)
    acting = await acting_for_child(running.pool, change.principal, child_id)
    return await running.commands.carry_out(
        change,
        CHILD,
        child_id,
        lambda child: refuse(child, request_id, command.why),
        role=acting.must("child.decide_carer"),
        authority=acting.authority,
        answer=lambda _, version: Answer({"version": version}),
    )
