"""Who works with a child: assigning a professional, and ending that again."""

from collections.abc import Mapping
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from epep_access.checking import acting_for_child
from epep_access.people import Person, person_of
from epep_events.base import Event
from epep_events.pep import ProfessionalAssigned, ProfessionalUnassigned
from epep_events.profile import Role
from epep_runtime.commands import Answer
from epep_runtime.http import CHANGE_RESPONSES, Changing, running_of
from epep_runtime.language import N_, _
from epep_runtime.problems import FieldError, InvalidError, NotFoundError
from epep_runtime.text import Command, example
from pep_service.children.child import CHILD, Child
from pep_service.children.facts import ProfessionalFacts
from pep_service.children.role_words import ROLE_WORDS
from pep_service.children.shapes import NewVersion
from pep_service.peps.answers import LocalDate

router = APIRouter(tags=["children"])

ROLE_NAMES: Mapping[Role, str] = {
    **ROLE_WORDS,
    "virtual_school": N_("virtual school worker"),
    "virtual_school_head": N_("head of the virtual school"),
}
"""The roles as they stand after "the role of"."""
NEVER_ASSIGNED = frozenset({"system", "operator", "auditor", "delegate"})
"""Roles that come another way than by assignment to a child."""


class Assign(Command):
    """Give a person with an account a role for the child."""

    model_config = example(account_id="0190f3a2-7c1e-7b5a-9d3e-2f6a1c0b4d5e", role="social_worker")

    account_id: UUID
    role: Role
    held_from: LocalDate | None = None
    held_to: LocalDate | None = None


def assign(child: Child, told: ProfessionalFacts) -> list[Event]:
    """Return the assignment; no event where it holds already, with the same days."""
    held = (told.account_id, told.role)
    days = (told.held_from, told.held_to)
    if held in child.people and child.terms.get(held, (None, None)) == days:
        return []
    assert child.child_id is not None
    return [ProfessionalAssigned(child_id=child.child_id, **told.model_dump())]


def unassign(child: Child, account_id: UUID, role: Role) -> list[Event]:
    """Return the end of an assignment. Raises NotFoundError where there is none."""
    if (account_id, role) not in child.people:
        raise NotFoundError
    assert child.child_id is not None
    return [ProfessionalUnassigned(child_id=child.child_id, account_id=account_id, role=role)]


def hand_over(child: Child, told: ProfessionalFacts) -> list[Event]:
    """Return what makes this person hold the role instead of those who held it before.

    Nothing changes where the person holds it already, alone or with others, so that somebody
    assigned beside them by hand is kept until the role really goes to somebody else.
    """
    if (told.account_id, told.role) in child.people:
        return []
    given = assign(child, told)
    assert child.child_id is not None
    ended: list[Event] = [
        ProfessionalUnassigned(child_id=child.child_id, account_id=account, role=told.role)
        for account, role in child.people
        if role == told.role
    ]
    return [*ended, *given]


def may_hold(person: Person | None, role: Role, authority: str) -> None:
    """Refuse to assign somebody unknown, suspended, or without that role.

    Nobody is assigned in a role that comes another way (`NEVER_ASSIGNED`).
    The virtual school's own people must be of the child's authority; teachers, social workers and
    carers may hold their role in another. Raises InvalidError.
    """
    if person is None or not person.active:
        raise InvalidError([FieldError("account_id", _("There is no such account."), "unknown")])
    if role in NEVER_ASSIGNED:
        message = _("This is not a role that somebody is given for a child.")
        raise InvalidError([FieldError("role", message, "never-assigned")])
    where = authority if role in {"virtual_school", "virtual_school_head"} else None
    if not person.holds(role, where):
        message = _(
            "%(name)s does not have the role of %(role)s.",
            name=person.name,
            role=_(ROLE_NAMES[role]),
        )
        raise InvalidError([FieldError("role", message, "not-held")])


@router.put(
    "/children/{child_id}/people",
    summary="Assign a professional",
    response_model=NewVersion,
    responses=CHANGE_RESPONSES,
)
async def put_person(
    child_id: UUID, command: Assign, change: Changing, request: Request
) -> JSONResponse:
    """Give a person with an account a role for the child; access follows in every service.

    For the virtual school, with `If-Match` the child's version.
    """
    running = running_of(request)
    acting = await acting_for_child(running.pool, change.principal, child_id)
    role = acting.must("child.assign")
    person = await person_of(running.pool, command.account_id)
    may_hold(person, command.role, acting.authority)
    told = ProfessionalFacts.model_validate(command.model_dump())
    if told.held_from and told.held_to and told.held_to < told.held_from:
        message = _("The last day is before the first.")
        raise InvalidError([FieldError("held_to", message, "before-start")])
    return await running.commands.carry_out(
        change,
        CHILD,
        child_id,
        lambda child: assign(child, told),
        role=role,
        authority=acting.authority,
        answer=lambda _, version: Answer({"version": version}),
    )


@router.delete(
    "/children/{child_id}/people/{account_id}/{role}",
    summary="End an assignment",
    response_model=NewVersion,
    responses=CHANGE_RESPONSES,
)
async def delete_person(
    child_id: UUID, account_id: UUID, role: Role, change: Changing, request: Request
) -> JSONResponse:
    """End a person's role for the child, and with it their access, in every service.

    For the virtual school, with `If-Match` the child's version.
    """
    running = running_of(request)
    acting = await acting_for_child(running.pool, change.principal, child_id)
    by = acting.must("child.assign")
    return await running.commands.carry_out(
        change,
        CHILD,
        child_id,
        lambda child: unassign(child, account_id, role),
        role=by,
        authority=acting.authority,
        answer=lambda _, version: Answer({"version": version}),
    )
