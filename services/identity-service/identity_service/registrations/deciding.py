"""The virtual school grants what was asked for, or something else, or refuses with a reason."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, StringConstraints

from epep_access.checking import must_here
from epep_events.access import CarerAccessApproved
from epep_events.base import Event
from epep_events.envelope import Metadata
from epep_events.getting_in import RegistrationAccepted, RegistrationRefused
from epep_events.identity import RoleGranted
from epep_events.profile import Role
from epep_runtime.commands import Answer
from epep_runtime.http import CHANGE_RESPONSES, Changing, running_of
from epep_runtime.language import _
from epep_runtime.problems import FieldError, InvalidError, NotFoundError, RefusedError
from epep_runtime.service import Running
from epep_runtime.subscriptions import Reaction, Reactor
from epep_runtime.text import Command, Paragraph, example
from epep_runtime.tokens import Principal
from identity_service.accounts import directory
from identity_service.accounts.account import ACCOUNT, Account, Grant
from identity_service.read_models.sign_in_rules import rules_of
from identity_service.registrations.registration import REGISTRATION, Registration
from identity_service.registrations.wanting import Urn

router = APIRouter()
Reason = Annotated[Paragraph, StringConstraints(min_length=1, max_length=1000)]


class Accept(Command):
    """The role that is granted, and the school it is for where it is a school's role."""

    model_config = example(role="designated_teacher", setting_urn="990105")

    role: Role
    setting_urn: Urn | None = None


class Refuse(Command):
    """Why not: the person is told in these words."""

    model_config = example(why="We do not know you. Please ask your head teacher to write to us.")

    why: Reason


class ChangedRequest(BaseModel):
    """The request's new version."""

    version: int


def accept(registration: Registration, registration_id: UUID, command: Accept) -> list[Event]:
    """Return what accepting says. Raises RefusedError where it was decided already."""
    account_id = _waiting(registration)
    return [
        RegistrationAccepted(
            registration_id=registration_id,
            account_id=account_id,
            authority_code=registration.authority,
            role=command.role,
            setting_urn=command.setting_urn,
        )
    ]


def refuse(registration: Registration, registration_id: UUID, command: Refuse) -> list[Event]:
    """Return what refusing says. Raises RefusedError where it was decided already."""
    account_id = _waiting(registration)
    return [
        RegistrationRefused(
            registration_id=registration_id,
            account_id=account_id,
            authority_code=registration.authority,
            why=command.why,
        )
    ]


def _waiting(registration: Registration) -> UUID:
    if registration.state != "waiting" or registration.account_id is None:
        raise RefusedError(_("Somebody has answered this request already."), "decided")
    return registration.account_id


async def _authority(running: Running, principal: Principal, registration_id: UUID) -> str:
    """Return the authority asked. Raises NotFoundError for all but its virtual school."""
    state = (await running.store.load(running.pool, REGISTRATION, registration_id)).state
    if state.account_id is None:
        raise NotFoundError
    await must_here(running.pool, principal, state.authority, "people.manage")
    return state.authority


@router.post(
    "/access-requests/{registration_id}/acceptance",
    responses=CHANGE_RESPONSES,
    response_model=ChangedRequest,
    summary="Grant access",
)
async def accept_request(
    registration_id: UUID, command: Accept, change: Changing, request: Request
) -> JSONResponse:
    """Grant a role to the person who asks; they are mailed. 409 `decided` where it was answered."""
    running = running_of(request)
    authority = await _authority(running, change.principal, registration_id)
    rules = (await rules_of(running.pool, [authority])).get(authority)
    if rules is not None and command.role not in {role for role, _ in rules.roles()}:
        raise InvalidError([FieldError("role", _("Choose a role from the list."), "unknown")])
    if command.role == "designated_teacher" and not command.setting_urn:
        raise InvalidError([FieldError("setting_urn", _("Give the school's URN."), "mandatory")])
    return await running.commands.carry_out(
        change,
        REGISTRATION,
        registration_id,
        lambda state: accept(state, registration_id, command),
        role="virtual_school",
        authority=authority,
        answer=lambda _, version: Answer({"version": version}),
    )


@router.post(
    "/access-requests/{registration_id}/refusal",
    responses=CHANGE_RESPONSES,
    response_model=ChangedRequest,
    summary="Refuse access",
)
async def refuse_request(
    registration_id: UUID, command: Refuse, change: Changing, request: Request
) -> JSONResponse:
    """Refuse, with a reason that the person is mailed. 409 `decided` where it was answered."""
    running = running_of(request)
    authority = await _authority(running, change.principal, registration_id)
    return await running.commands.carry_out(
        change,
        REGISTRATION,
        registration_id,
        lambda state: refuse(state, registration_id, command),
        role="virtual_school",
        authority=authority,
        answer=lambda _, version: Answer({"version": version}),
    )


def grant(account: Account, event: RegistrationAccepted) -> list[Event]:
    """Return the grant that an acceptance means, unless the person holds the role already."""
    wanted = Grant(event.authority_code, event.role, event.setting_urn)
    if account.account_id is None or wanted in account.grants:
        return []
    return [
        RoleGranted(
            account_id=account.account_id,
            authority_code=event.authority_code,
            role=event.role,
            setting_urn=event.setting_urn,
        )
    ]


async def _kept(reaction: Reaction, account_id: UUID) -> UUID:
    """Return the account itself, or the one that its person kept where two were merged."""
    while into := (await reaction.load(ACCOUNT, account_id)).state.merged_into:
        account_id = into
    return account_id


async def _grant(reaction: Reaction, event: RegistrationAccepted, _: Metadata) -> None:
    account_id, now = await _kept(reaction, event.account_id), reaction.now
    await reaction.append(ACCOUNT, account_id, lambda account: grant(account.at(now), event))


async def _let_carer_in(reaction: Reaction, event: CarerAccessApproved, meta: Metadata) -> None:
    """Give the role to a carer who has an account; others get it when they register."""
    owner = await directory.owner(reaction.connection, event.email.lower())
    authority, now = meta.authority, reaction.now
    if owner is None or authority is None:
        return
    account_id = await _kept(reaction, owner)
    granted = RoleGranted(account_id=account_id, authority_code=authority, role=event.role)

    def decide(account: Account) -> list[Event]:
        held = {(each.authority, each.role) for each in account.at(now).grants}
        return [] if (authority, event.role) in held else [granted]

    await reaction.append(ACCOUNT, account_id, decide)


GRANTING = Reactor(
    "granting",
    ("identity", "pep"),
    {RegistrationAccepted: _grant, CarerAccessApproved: _let_carer_in},
)
"""Gives the role on the account's own stream when somebody entitled has said yes."""
