"""Give the password again, before something is changed that a thief would change (ASVS 7.5.1)."""

from datetime import datetime

from fastapi import APIRouter, Request
from pydantic import BaseModel, SecretStr

from epep_runtime.http import Changing
from epep_runtime.language import _
from epep_runtime.problems import FieldError, InvalidError, ProblemError
from epep_runtime.text import Command, example
from identity_service.accounts import directory
from identity_service.accounts.mine import Mine, mine
from identity_service.logins.answers import LOGIN_RESPONSES
from identity_service.passwords.rules import TypedPassword
from identity_service.sessions import records
from identity_service.sessions.session import FRESH

router = APIRouter()


class Reauthenticate(Command):
    """The password, once more."""

    model_config = example(password="three made-up words")  # noqa: S106

    password: TypedPassword


class Reauthenticated(BaseModel):
    """Until when nothing more is asked."""

    until: datetime


async def must_know(me: Mine, password: SecretStr, field: str) -> None:
    """Raise InvalidError code `wrong` for another password; tries count as at log-in.

    They count on the session's device: strangers who guess at the log-in keep nobody from
    changing their password.
    """
    counters, device_id = me.identity.counters, me.session.device_id
    email = (await me.account()).email
    counted = counters.device(device_id) if device_id else counters.address(email)
    taken = await counters.take(counted)
    stored = await directory.password_of(me.running.pool, me.account_id)
    try:
        is_right = await me.identity.passwords.is_right(password, stored)
    except ProblemError:  # nothing was found out: it was no try
        await counters.give_back(counted, taken)
        raise
    if not is_right:
        raise InvalidError([FieldError(field, _("That is not your password."), "wrong")])
    await counters.give_back(counted, taken)


@router.post(
    "/me/reauthentication",
    responses={429: LOGIN_RESPONSES[429]},
    summary="Give my password again",
)
async def reauthenticate(
    command: Reauthenticate, change: Changing, request: Request
) -> Reauthenticated:
    """Prove for ten minutes that it is still me. A wrong password is 422 code `wrong`.

    Sent again it proves it again: an Idempotency-Key changes nothing.
    """
    me = await mine(request, change.principal, fresh=False)
    await must_know(me, command.password, "password")
    await records.note_reauthenticated(me.running.pool, me.session.session_id, me.now)
    return Reauthenticated(until=me.now + FRESH)
