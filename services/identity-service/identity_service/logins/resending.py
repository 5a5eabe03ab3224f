"""Have the code mailed again: a new one, which makes the old one worthless."""

from datetime import timedelta
from uuid import UUID

from fastapi import APIRouter, Request

from epep_runtime.http import running_of
from epep_runtime.language import _
from epep_runtime.postgres import Connection
from epep_runtime.problems import ProblemError, RefusedError
from epep_runtime.service import Running
from epep_runtime.text import Command, example
from identity_service.causes import by_person
from identity_service.logins import records
from identity_service.logins.answers import SECOND_STEP_RESPONSES, retry_after
from identity_service.logins.holding import hold_open
from identity_service.logins.login import resend, wait_to_resend
from identity_service.logins.sending_codes import keep_link, key_for_codes, make_code, requested
from identity_service.logins.steps import LoginStarted, next_step, shown
from identity_service.parts import Identity
from identity_service.throttling.counters import ADDRESS_RULE, Counted

router = APIRouter()


class SendAgain(Command):
    """Nothing more need be said."""

    model_config = example()


@router.post(
    "/logins/{login_id}/resend",
    status_code=202,
    responses=SECOND_STEP_RESPONSES,
    summary="Mail another code",
)
async def send_again(login_id: UUID, _: SendAgain, request: Request) -> LoginStarted:
    """Mail a new code for the same log-in, a minute after the last one at the earliest (else 429).

    PUBLIC: the log-in's id was given to whoever knew the password. After five new codes, an hour,
    or a right code the log-in is over: 401.
    """
    running = running_of(request)
    async with running.pool.acquire() as connection, connection.transaction():
        return await _send_again(running, running.part(Identity), connection, login_id)


async def _send_again(
    running: Running, identity: Identity, connection: Connection, login_id: UUID
) -> LoginStarted:
    login, account, now = await hold_open(running, connection, login_id)
    _refuse_hurry(wait_to_resend(login, now))
    await identity.counters.refuse_blocked(Counted(login.address_key, ADDRESS_RULE))
    step = await next_step(connection, account, login, now)
    if step.asked:
        raise RefusedError(_("Tick the declarations first."), "declarations")
    if "code" not in step.factors:
        raise RefusedError(_("You log in with your app or passkey, not with a code."), "no-code")
    code = make_code(identity.at_rest, login_id, await key_for_codes(connection))
    event = requested(account, code, now)
    cause = by_person(login.account_id)
    await records.say(running.store, connection, login_id, [event], cause)
    await keep_link(connection, code, now)
    after = resend(login, code.mac, now)
    await records.save(connection, after)
    return shown(after, step, code_sent=True)


def _refuse_hurry(remaining: timedelta) -> None:
    if remaining > timedelta(0):
        raise ProblemError(
            429,
            "throttled",
            _("A code was sent less than a minute ago. Wait a little for it to arrive."),
            headers=retry_after(remaining),
        )
