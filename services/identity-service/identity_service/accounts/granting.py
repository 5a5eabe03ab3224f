"""Roles given and taken by a virtual school, with their first and last day."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, StringConstraints

from epep_access.checking import must_here
from epep_events.base import Event
from epep_events.identity import RoleGranted, RoleRevoked
from epep_events.profile import Role
from epep_runtime.commands import Answer
from epep_runtime.http import CHANGE_RESPONSES, Changing, running_of
from epep_runtime.language import _
from epep_runtime.problems import FieldError, InvalidError, NotFoundError
from epep_runtime.text import Command, Day, example
from identity_service.accounts.account import ACCOUNT, Account

router = APIRouter(tags=["accounts"])
Code = Annotated[str, StringConstraints(pattern=r"^[0-9]{3}$")]
NEVER_GRANTED = frozenset({"system", "operator", "delegate"})
"""An operator is made at a terminal; a delegate is appointed by a teacher."""
OF_A_SETTING = frozenset({"designated_teacher", "designated_person"})


class GrantRole(Command):
    """A role in the authority, in one school where a URN is given, between two days (null: open).

    The same role again gives it other days; a last day that is over ends it.
    """

    model_config = example(
        authority="330",
        role="designated_teacher",
        setting_urn="900001",
        held_from="2026-09-01",
        held_to=None,
    )

    authority: Code
    role: Role
    setting_urn: Annotated[str, StringConstraints(pattern=r"^(EY)?[0-9]{6}$")] | None = None
    held_from: Day | None = None
    held_to: Day | None = None


class RevokeRole(Command):
    """Which role ends now, in the whole authority."""

    model_config = example(authority="330", role="social_worker")

    authority: Code
    role: Role


class RoleChanged(BaseModel):
    """The account's new version."""

    version: int


def grant(account: Account, told: GrantRole) -> list[Event]:
    """Return the grant. Raises NotFoundError for no account, InvalidError by field."""
    if account.account_id is None:
        raise NotFoundError
    errors = []
    if told.role in NEVER_GRANTED:
        errors.append(FieldError("role", _("Choose a role from the list."), "unknown"))
    if told.setting_urn is not None and told.role not in OF_A_SETTING:
        errors.append(FieldError("setting_urn", _("This role belongs to no school."), "unfit"))
    if told.held_from and told.held_to and told.held_to < told.held_from:
        message = _("The last day is before the first.")
        errors.append(FieldError("held_to", message, "before-start"))
    if errors:
        raise InvalidError(errors)
    return [
        RoleGranted(
            account_id=account.account_id,
            authority_code=told.authority,
            role=told.role,
            setting_urn=told.setting_urn,
            held_from=told.held_from,
            held_to=told.held_to,
        )
    ]


def revoke(account: Account, told: RevokeRole) -> list[Event]:
    """Return the end of the role. Raises NotFoundError where it is not held."""
    held = {(each.authority, each.role) for each in account.grants}
    if account.account_id is None or (told.authority, told.role) not in held:
        raise NotFoundError
    return [
        RoleRevoked(account_id=account.account_id, authority_code=told.authority, role=told.role)
    ]


@router.post(
    "/accounts/{account_id}/roles",
    summary="Give a role",
    response_model=RoleChanged,
    responses=CHANGE_RESPONSES,
)
async def grant_role(
    account_id: UUID, command: GrantRole, change: Changing, request: Request
) -> JSONResponse:
    """Give somebody a role in the authority, for its virtual school; others get 404.

    It counts in every service within two seconds.
    """
    running = running_of(request)
    by = await must_here(running.pool, change.principal, command.authority, "people.manage")
    return await running.commands.carry_out(
        change,
        ACCOUNT,
        account_id,
        lambda account: grant(account, command),
        role=by,
        authority=command.authority,
        answer=lambda _, version: Answer({"version": version}),
        needs_version=False,
    )


@router.post(
    "/accounts/{account_id}/roles/revocation",
    summary="Take a role away",
    response_model=RoleChanged,
    responses=CHANGE_RESPONSES,
)
async def revoke_role(
    account_id: UUID, command: RevokeRole, change: Changing, request: Request
) -> JSONResponse:
    """End somebody's role in the authority at once, whatever their token still says."""
    running = running_of(request)
    by = await must_here(running.pool, change.principal, command.authority, "people.manage")
    return await running.commands.carry_out(
        change,
        ACCOUNT,
        account_id,
        lambda account: revoke(account, command),
        role=by,
        authority=command.authority,
        answer=lambda _, version: Answer({"version": version}),
        needs_version=False,
    )
