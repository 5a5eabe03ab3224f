"""The second step of logging in: the code from the mail, and a session begins."""

import re
import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Request
from pydantic import AfterValidator, BaseModel, Field, SecretStr

from epep_events.base import Event
from epep_events.identity import LoginFailed, LoginSucceeded
from epep_runtime.http import running_of
from epep_runtime.ids import new_id
from epep_runtime.postgres import Connection
from epep_runtime.service import Running
from epep_runtime.text import Command, example
from identity_service.accounts.account import ACCOUNT, Account
from identity_service.accounts.shown import ShownAccount, shown_account
from identity_service.causes import by_person, by_service
from identity_service.logins import records
from identity_service.logins.answers import LOGIN_RESPONSES, wrong_code
from identity_service.logins.login import Login, Verdict, try_code
from identity_service.logins.starting import caller_network
from identity_service.parts import Identity
from identity_service.sessions import records as sessions
from identity_service.sessions import session
from identity_service.throttling.counters import ADDRESS_RULE, Counted

router = APIRouter()
Failure = Literal["code", "expired", "deactivated"]


def six_digits(value: SecretStr) -> SecretStr:
    """Return the six digits; spaces and hyphens between them do not matter. Raises ValueError."""
    digits = re.sub(r"[ \u00a0-]", "", value.get_secret_value())
    if not re.fullmatch(r"[0-9]{6}", digits):
        raise ValueError("must be the 6 digits from the email")
    return SecretStr(digits)


class ConfirmLogin(Command):
    """The code as it was mailed."""

    model_config = example(code="123456")

    code: Annotated[SecretStr, AfterValidator(six_digits)] = Field(
        max_length=20, examples=["048213"]
    )


class LoggedIn(BaseModel):
    """A session, the secret that proves it (told this once), and a first access token."""

    session_id: UUID
    session_secret: str
    access_token: str
    access_expires_at: datetime
    session_expires_at: datetime
    account: ShownAccount


@dataclass(frozen=True, slots=True)
class _Entered:
    account: Account
    session: session.Session
    secret: str


@router.post("/logins/{login_id}/code", responses=LOGIN_RESPONSES, summary="Give the mailed code")
async def confirm(login_id: UUID, command: ConfirmLogin, request: Request) -> LoggedIn:
    """Check the code and begin a session: half an hour idle at most, twelve hours in all.

    PUBLIC. Wrong, expired, used and unknown get one same answer; the fifth wrong try burns the
    code. What is not six digits is answered with 422 and costs no try.
    """
    running = running_of(request)
    identity = running.part(Identity)
    network = caller_network(request, identity)
    await identity.counters.refuse_blocked(network)
    mac = identity.at_rest.code_mac(login_id, command.code.get_secret_value())
    async with running.pool.acquire() as connection, connection.transaction():
        entered = await _try(running, identity, connection, login_id, mac)
        if entered is None:
            await identity.counters.count(connection, network)
    if entered is None:  # after the commit: the failure is to be counted
        raise wrong_code()
    async with running.pool.acquire() as connection:
        now = entered.session.started_at
        issued = await identity.tokens.issue(connection, entered.account, entered.session, now)
    return LoggedIn(
        session_id=entered.session.session_id,
        session_secret=entered.secret,
        access_token=issued.token,
        access_expires_at=issued.expires_at,
        session_expires_at=entered.session.expires_at,
        account=shown_account(entered.account),
    )


async def _try(
    running: Running, identity: Identity, connection: Connection, login_id: UUID, mac: bytes
) -> _Entered | None:
    seen = await records.find(connection, login_id)
    if seen is None:
        return None
    held = [ACCOUNT.stream(seen.account_id), records.stream(login_id)]
    await running.store.hold(connection, held)
    login = await records.find(connection, login_id)  # nobody changes it from here on
    assert login is not None
    now = running.store.clock()
    verdict, after = try_code(login, mac, now)
    account = (await running.store.load(connection, ACCOUNT, login.account_id)).state
    if verdict == "spent":
        return None
    if verdict == "right" and account.active:
        return await _enter(running, identity, connection, account, after)
    failure = _why(verdict)
    event = LoginFailed(account_id=login.account_id, why=failure)
    await _fail(running, identity, connection, after, event)
    return None


def _why(verdict: Verdict) -> Failure:
    if verdict == "right":
        return "deactivated"
    return "expired" if verdict == "expired" else "code"


async def _fail(
    running: Running,
    identity: Identity,
    connection: Connection,
    after: Login,
    event: Event,
) -> None:
    await records.say(running.store, connection, after.login_id, [event], by_service())
    await records.save(connection, after)
    await identity.counters.count(connection, Counted(after.address_key, ADDRESS_RULE))


async def _enter(
    running: Running, identity: Identity, connection: Connection, account: Account, after: Login
) -> _Entered:
    assert after.ended_at is not None
    said = LoginSucceeded(login_id=after.login_id, account_id=after.account_id)
    cause = by_person(after.account_id)
    await records.say(running.store, connection, after.login_id, [said], cause)
    await records.save(connection, after)
    await identity.counters.clear(connection, Counted(after.address_key, ADDRESS_RULE))
    secret = secrets.token_urlsafe(32)
    begun = session.start(new_id(), after.account_id, secret, after.ended_at)
    await sessions.add(connection, begun)
    return _Entered(account, begun, secret)
