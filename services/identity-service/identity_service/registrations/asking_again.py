"""A person with an account asks another authority, or for another role."""

from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel

from epep_events.base import Event
from epep_events.getting_in import RegistrationValidated
from epep_runtime.commands import Answer
from epep_runtime.http import CHANGE_RESPONSES, Changing, running_of
from epep_runtime.ids import new_id
from epep_runtime.language import _
from epep_runtime.problems import RefusedError
from epep_runtime.text import example
from identity_service.accounts.account import ACCOUNT, Account
from identity_service.read_models.access_requests import of_account
from identity_service.registrations.registration import REGISTRATION
from identity_service.registrations.wanting import Wanted, rules_for

router = APIRouter()


class AskAgain(Wanted):
    """Which role in which authority."""

    model_config = example(authority="998", role="social_worker", team="Care planning 2")


class AskedAgain(BaseModel):
    """The new request."""

    registration_id: UUID
    version: int


def decide(
    account: Account, earlier: list[Any], registration_id: UUID, command: AskAgain
) -> list[Event]:
    """Return what asking says. Raises RefusedError for a role held, or asked for and waiting."""
    assert account.account_id is not None
    same = (command.authority, command.role, command.setting_urn)
    if any((each.authority, each.role, each.setting_urn) == same for each in account.grants):
        raise RefusedError(_("You have that role already."), "held")
    if any(
        (each["authority"], each["role"], each["setting_urn"]) == same
        and each["state"] == "waiting"
        for each in earlier
    ):
        raise RefusedError(_("You have asked for that already. It waits for an answer."), "waiting")
    return [
        RegistrationValidated(
            registration_id=registration_id,
            account_id=account.account_id,
            name=account.name,
            email=account.email,
            phone=account.phone,
            authority_code=command.authority,
            role=command.role,
            setting_urn=command.setting_urn,
            team=command.team,
            invited=False,
        )
    ]


@router.post(
    "/me/registrations",
    status_code=201,
    responses=CHANGE_RESPONSES,
    response_model=AskedAgain,
    summary="Ask for another role",
)
async def ask_again(command: AskAgain, change: Changing, request: Request) -> JSONResponse:
    """Put a request into another authority's queue: one account serves them all (S27)."""
    running = running_of(request)
    await rules_for(running.pool, command)
    me = change.principal.account_id
    loaded = await running.store.load(running.pool, ACCOUNT, me)
    account = loaded.state.at(running.store.clock())
    if account.account_id is None or not account.active:
        raise RefusedError(_("This account cannot ask."), "suspended")
    earlier = await of_account(running.pool, me)
    registration_id = new_id()
    return await running.commands.carry_out(
        change,
        REGISTRATION,
        registration_id,
        lambda _: decide(account, earlier, registration_id, command),
        role="person",
        authority=command.authority,
        answer=lambda _, version: Answer(
            {"registration_id": str(registration_id), "version": version}, 201
        ),
        needs_version=False,
    )
