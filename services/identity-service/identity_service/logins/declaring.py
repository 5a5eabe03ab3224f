"""The declarations, each ticked by itself, between the password and the second factor (B07-B12)."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field

from epep_runtime.http import running_of
from epep_runtime.language import _
from epep_runtime.postgres import Connection
from epep_runtime.problems import FieldError, InvalidError
from epep_runtime.service import Running
from epep_runtime.text import Command, example
from identity_service.logins import records
from identity_service.logins.answers import LOGIN_RESPONSES
from identity_service.logins.holding import hold_open
from identity_service.logins.login import declare
from identity_service.logins.sending_first import send_if_due
from identity_service.logins.steps import LoginStarted, Step, next_step, shown
from identity_service.parts import Identity

router = APIRouter()
Key = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=60)]


class Ticked(BaseModel):
    """What was ticked of one authority's declarations."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    authority: Annotated[str, Field(pattern="^[0-9]{3}$")]
    version: int = Field(ge=0)
    keys: tuple[Key, ...] = Field(max_length=50)


class Declare(Command):
    """Everything that was ticked; nothing counts as ticked that is not here."""

    model_config = example(
        accepted=[
            {
                "authority": "330",
                "version": 1,
                "keys": ["authorised_user", "permission", "acceptable_use", "terms", "cookies"],
            }
        ]
    )

    accepted: tuple[Ticked, ...] = Field(max_length=50)


def must_be_all(step: Step, command: Declare) -> None:
    """Raise InvalidError unless each declaration that is asked for is ticked, as it reads now."""
    ticked = {each.authority: each for each in command.accepted}
    errors = []
    for rules in step.asked:
        found = ticked.get(rules.authority)
        if found is not None and found.version != rules.declarations_version:
            message = _(
                "The declarations of %(name)s have changed. Read them again.", name=rules.name
            )
            errors.append(FieldError("accepted", message, "changed"))
        elif found is None or not rules.declaration_keys <= set(found.keys):
            message = _("Tick each of the declarations of %(name)s.", name=rules.name)
            errors.append(FieldError("accepted", message, "mandatory"))
    if errors:
        raise InvalidError(errors)


@router.post(
    "/logins/{login_id}/declarations",
    status_code=202,
    responses=LOGIN_RESPONSES,
    summary="Tick the declarations",
)
async def tick(login_id: UUID, command: Declare, request: Request) -> LoginStarted:
    """Take what was ticked, and mail the code where one is the next step.

    PUBLIC: the log-in's id was given to whoever knew the password. It is written to the account
    when the second factor has proved who ticked.
    """
    running = running_of(request)
    async with running.pool.acquire() as connection, connection.transaction():
        return await _tick(running, running.part(Identity), connection, login_id, command)


async def _tick(
    running: Running,
    identity: Identity,
    connection: Connection,
    login_id: UUID,
    command: Declare,
) -> LoginStarted:
    login, account, now = await hold_open(running, connection, login_id)
    step = await next_step(connection, account, login, now)
    must_be_all(step, command)
    ticked = [
        (each.authority, each.declarations_version, sorted(each.declaration_keys))
        for each in step.asked
    ]
    login = declare(login, ticked, now)
    step = Step((), step.factors, step.remember_days)
    login, code_sent = await send_if_due(running, identity, connection, account, login, step)
    await records.save(connection, login)
    return shown(login, step, code_sent)
