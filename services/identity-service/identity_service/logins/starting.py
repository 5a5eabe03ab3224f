"""The first step of logging in: address and password, and a code goes out by mail."""

import asyncio
import contextlib
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field

from epep_events.base import Event
from epep_events.identity import LoginFailed
from epep_runtime.http import running_of
from epep_runtime.ids import new_id
from epep_runtime.problems import ProblemError
from epep_runtime.service import Running
from epep_runtime.text import Command, Email, example
from identity_service.accounts import directory
from identity_service.accounts.account import ACCOUNT, Account
from identity_service.causes import by_person, by_service
from identity_service.logins import login, records
from identity_service.logins.answers import LOGIN_RESPONSES, not_recognised
from identity_service.logins.sending_codes import key_for_codes, make_code, requested
from identity_service.parts import Identity
from identity_service.passwords.rules import TypedPassword
from identity_service.throttling.counters import Counted
from identity_service.throttling.networks import network_of

router = APIRouter()


class StartLogin(Command):
    """Who wants to come in."""

    model_config = example(email="sam.okoro@example.org", password="three made-up words")  # noqa: S106

    email: Email = Field(examples=["amara.lindqvist@fernhallow.example"])
    password: TypedPassword = Field(examples=["correct horse battery staple"])


class LoginStarted(BaseModel):
    """A code is on its way to the address; it is good for this log-in, until then, once."""

    login_id: UUID
    expires_at: datetime


@router.post("/logins", status_code=202, responses=LOGIN_RESPONSES, summary="Start to log in")
async def start(command: StartLogin, request: Request) -> LoginStarted:
    """Check address and password, and have a six-digit code mailed.

    PUBLIC. An unknown address, a wrong password and a suspended account get the same answer after
    the same work. After five failures an address waits a minute, then two, up to fifteen; this too
    is the same whether or not anybody has it. 503 until notification-service has published a key.
    """
    running = running_of(request)
    identity = running.part(Identity)
    asked_at = asyncio.get_running_loop().time()
    found = await _recognise(running, identity, command, caller_network(request, identity))
    if found is None:
        await _until_next_step(asked_at, identity.settings.refusal_seconds)
        raise not_recognised()
    account, key = found
    return await _send_code(running, identity, account, key)


async def _until_next_step(asked_at: float, step: float) -> None:
    """Wait until a whole number of steps has passed since a refused person asked.

    Only somebody's refusal is written to the log; how long that takes is not to be seen.
    """
    if step > 0:
        await asyncio.sleep(step - (asyncio.get_running_loop().time() - asked_at) % step)


def caller_network(request: Request, identity: Identity) -> Counted:
    """Return the counter of the network that the request comes from."""
    peer = request.client.host if request.client else "unknown"
    forwarded = ", ".join(request.headers.getlist("x-forwarded-for"))
    return identity.counters.network(network_of(peer, forwarded, identity.settings.trusted_proxies))


async def _recognise(
    running: Running, identity: Identity, command: StartLogin, network: Counted
) -> tuple[Account, dict[str, Any]] | None:
    """Return the person and the key to seal to, or None for whoever may not come in."""
    counters, address = identity.counters, identity.counters.address(command.email)
    async with running.pool.acquire() as connection:
        key = await key_for_codes(connection)
    await counters.take(network)
    blocked = (await counters.take(address)).blocked_until is not None
    try:
        known = await directory.find(running.pool, command.email)
        is_right = await identity.passwords.is_right(
            command.password, known.password_hash if known else None
        )
    except ProblemError:  # nothing was found out: it was no try
        await counters.give_back(address)
        await counters.give_back(network)
        raise
    account_id = known.account_id if known else new_id()  # nobody is looked up like somebody
    async with running.pool.acquire() as connection:
        account = (await running.store.load(connection, ACCOUNT, account_id)).state
    if known is None:
        return None
    if not is_right or not account.active:
        why: Literal["password", "deactivated"] = "deactivated" if is_right else "password"
        await _record_failure(running, known.account_id, why, blocked)
        return None
    await counters.give_back(address)
    await counters.give_back(network)
    await _rehash(running, identity, known, command)
    return account, key


async def _rehash(
    running: Running, identity: Identity, known: directory.Credentials, command: StartLogin
) -> None:
    if identity.passwords.is_outdated(known.password_hash):
        with contextlib.suppress(ProblemError):  # too crowded now: at the next log-in, then
            fresh = await identity.passwords.hash(command.password)
            await directory.rehash(running.pool, known, fresh)


async def _record_failure(
    running: Running, account_id: UUID, why: Literal["password", "deactivated"], blocked: bool
) -> None:
    events: list[Event] = [LoginFailed(account_id=account_id, why=why)]
    if blocked:
        # Said once when the wait begins, not for each try in it: those would fill the log for ever.
        events.append(LoginFailed(account_id=account_id, why="throttled"))
    async with running.pool.acquire() as connection, connection.transaction():
        await records.say(running.store, connection, new_id(), events, by_service())


async def _send_code(
    running: Running, identity: Identity, account: Account, key: dict[str, Any]
) -> LoginStarted:
    assert account.account_id is not None
    now = running.store.clock()
    code = make_code(identity.at_rest, new_id(), key)
    event = requested(account, code, now)
    address_key = identity.counters.address(account.email).key
    new = login.start(code.login_id, account.account_id, address_key, code.mac, now)
    async with running.pool.acquire() as connection, connection.transaction():
        streams = [ACCOUNT.stream(account.account_id), records.stream(code.login_id)]
        await running.store.hold(connection, streams)
        cause = by_person(account.account_id)
        await records.say(running.store, connection, code.login_id, [event], cause)
        await records.end_all(connection, account.account_id, now)
        await records.add(connection, new)
    return LoginStarted(login_id=code.login_id, expires_at=event.expires_at)
