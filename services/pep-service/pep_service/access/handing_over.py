"""Leavers: all children whom somebody works with go to somebody else."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, StringConstraints

from epep_access.checking import acting_in
from epep_access.people import person_of
from epep_events.profile import Role
from epep_runtime.http import CHANGE_RESPONSES, Asking, Changing, running_of
from epep_runtime.language import _
from epep_runtime.postgres import Pool
from epep_runtime.problems import FieldError, InvalidError, ProblemError
from epep_runtime.text import Command, example
from pep_service.access.many import change_children
from pep_service.access.names import PersonName, names, title
from pep_service.children.assigning import assign, may_hold
from pep_service.children.assigning import unassign as end
from pep_service.children.child import Child
from pep_service.children.facts import ProfessionalFacts
from pep_service.profiles.published import profile_of
from pep_service.read_models.children import children_of

router = APIRouter(tags=["access"])
Code = Annotated[str, Query(pattern=r"^[0-9]{3}$")]

THEIRS = """
SELECT p.child_id, p.role, p.since FROM access_people p JOIN access_children c USING (child_id)
 WHERE p.account_id = $1 AND c.authority = $2 AND p.basis = 'allocated'
   AND (p.until IS NULL OR p.until > now()) ORDER BY p.role, p.child_id
"""


class TheirChild(BaseModel):
    """A child whom somebody works with, in one role, since when."""

    child_id: UUID
    name: str
    role: str
    role_label: str
    since: Any


class TheirChildren(BaseModel):
    """All children of an authority whom somebody was allocated."""

    account: PersonName
    children: list[TheirChild]


class HandOver(Command):
    """To whom the children go, in all roles or in one."""

    model_config = example(
        authority="330", to_account_id="0190f3a2-7c1e-7b5a-9d3e-2f6a1c0b4d5e", role=None
    )

    authority: Annotated[str, StringConstraints(pattern=r"^[0-9]{3}$")]
    to_account_id: UUID
    role: Role | None = None


class HandedOver(BaseModel):
    """How many children changed hands."""

    children: int


async def _theirs(pool: Pool, account_id: UUID, authority: str) -> list[Any]:
    return await pool.fetch(THEIRS, account_id, authority)


@router.get("/people/{account_id}/children", summary="Somebody’s children")
async def their_children(
    account_id: UUID, authority: Code, asking: Asking, request: Request
) -> TheirChildren:
    """Return whom somebody is allocated in the authority, for its virtual school; others: 404."""
    pool = running_of(request).pool
    (await acting_in(pool, asking, authority)).must("people.allocate")
    rows = await _theirs(pool, account_id, authority)
    children = await children_of(pool, [row["child_id"] for row in rows])
    profile = await profile_of(pool, authority)
    return TheirChildren(
        account=(await names(pool, [account_id]))[account_id],
        children=[
            TheirChild(
                child_id=row["child_id"],
                name=children[row["child_id"]].name,
                role=row["role"],
                role_label=title(profile, row["role"]),
                since=row["since"],
            )
            for row in rows
            if row["child_id"] in children
        ],
    )


@router.post(
    "/people/{account_id}/hand-over", summary="Hand children over", responses=CHANGE_RESPONSES
)
async def hand_over(
    account_id: UUID, command: HandOver, change: Changing, request: Request
) -> HandedOver:
    """Give everything that somebody is allocated in the authority to a colleague, at once.

    Done again it finds nothing to do. 422 `to_account_id`: unknown, the same, or without the role.
    """
    running = running_of(request)
    acting = await acting_in(running.pool, change.principal, command.authority)
    by = acting.must("people.allocate")
    if command.to_account_id == account_id:
        raise InvalidError([FieldError("to_account_id", _("Choose somebody else."), "same")])
    rows = await _theirs(running.pool, account_id, command.authority)
    rows = [row for row in rows if command.role in {None, row["role"]}]
    person = await person_of(running.pool, command.to_account_id)
    for role in {row["role"] for row in rows} or {command.role or "social_worker"}:
        try:
            may_hold(person, role, command.authority)
        except ProblemError as error:
            told = [FieldError("to_account_id", e.message, e.code) for e in error.errors]
            raise InvalidError(told) from error

    def decide(child: Child, role: Role) -> list[Any]:
        if (account_id, role) not in child.people:
            return []
        told = ProfessionalFacts(account_id=command.to_account_id, role=role)
        return [*end(child, account_id, role), *assign(child, told)]

    wanted = [
        (row["child_id"], lambda child, role=row["role"]: decide(child, role)) for row in rows
    ]
    cause = change.cause(by, command.authority)
    return HandedOver(children=await change_children(running, wanted, cause))
