"""The first step of logging in: address and password, and a code goes out by mail."""

import asyncio
import contextlib
from dataclasses import dataclass, replace
from typing import Literal
from uuid import UUID

from fastapi import APIRouter, Request
from pydantic import Field, SecretStr

from epep_events.base import Event
from epep_events.identity import LoginFailed
from epep_runtime.http import running_of
from epep_runtime.ids import new_id
from epep_runtime.postgres import Connection
from epep_runtime.problems import ProblemError
from epep_runtime.service import Running
from epep_runtime.text import Command, Email, example
from identity_service.accounts import directory
from identity_service.accounts.account import ACCOUNT, Account
from identity_service.causes import by_service
from identity_service.devices import records as devices
from identity_service.logins import login, records
from identity_service.logins.answers import LOGIN_RESPONSES, not_recognised
from identity_service.logins.sending_codes import key_for_codes
from identity_service.logins.sending_first import send_if_due
from identity_service.logins.steps import LoginStarted, next_step, shown
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
    device_token: SecretStr | None = Field(default=None, max_length=200)


@dataclass(frozen=True, slots=True)
class _Recognised:
    """Whoever knew the password; `counted` is what their wrong codes will count on."""

    known: directory.Credentials
    counted: Counted
    device: devices.Device | None


@router.post("/logins", status_code=202, responses=LOGIN_RESPONSES, summary="Start to log in")
async def start(command: StartLogin, request: Request) -> LoginStarted:
    """Check address and password, and say what comes next; a six-digit code is mailed if that is.

    PUBLIC. An unknown address, a wrong password and a suspended account get the same answer after
    the same work. After five failures an address waits a minute, then two, up to fifteen; this too
    is the same whether or not anybody has it. A device that the person has logged in on before
    counts by itself, so that strangers do not lock them out. 503 until notification-service has
    published a key.
    """
    running = running_of(request)
    identity = running.part(Identity)
    asked_at = asyncio.get_running_loop().time()
    found = await _recognise(running, identity, command, caller_network(request, identity))
    begun = await _begin(running, identity, command, found) if found else None
    if begun is None:
        await _until_next_step(asked_at, identity.settings.refusal_seconds)
        raise not_recognised()
    return begun


async def _until_next_step(asked_at: float, step: float) -> None:
    """Wait until a whole number of steps has passed since a refused person asked.

    Only somebody's refusal is written to the log; how long that takes is not to be seen.
    """
    if step > 0:
        await asyncio.sleep(step - (asyncio.get_running_loop().time() - asked_at) % step)


def caller_address(request: Request, identity: Identity) -> str:
    """Return the network address that the request comes from, as far as it can be believed."""
    peer = request.client.host if request.client else "unknown"
    forwarded = ", ".join(request.headers.getlist("x-forwarded-for"))
    return network_of(peer, forwarded, identity.settings.trusted_proxies)


def caller_network(request: Request, identity: Identity, what: str = "network") -> Counted:
    """Return the counter of the network that the request comes from, for log-ins or asks."""
    return identity.counters.network(caller_address(request, identity), what)


async def _recognise(
    running: Running, identity: Identity, command: StartLogin, network: Counted
) -> _Recognised | None:
    """Return the person, or None for whoever may not come in."""
    async with running.pool.acquire() as connection:
        await key_for_codes(connection)
    known = await directory.find(running.pool, command.email)
    device = await _device(running, command, known)
    counters = identity.counters
    counted = counters.device(device.device_id) if device else counters.address(command.email)
    of_network = await counters.take(network)
    taken = await counters.take(counted)
    try:
        is_right = await identity.passwords.is_right(
            command.password, known.password_hash if known else None
        )
    except ProblemError:  # nothing was found out: it was no try
        await counters.give_back(counted, taken)
        await counters.give_back(network, of_network)
        raise
    account_id = known.account_id if known else new_id()  # nobody is looked up like somebody
    async with running.pool.acquire() as connection:
        account = (await running.store.load(connection, ACCOUNT, account_id)).state
    if known is None:
        return None
    if not is_right or not account.active:
        why: Literal["password", "deactivated"] = "deactivated" if is_right else "password"
        await _record_failure(running, known.account_id, why, taken.blocked_until is not None)
        return None
    await counters.give_back(counted, taken)
    await counters.give_back(network, of_network)
    await _rehash(running, identity, known, command)
    return _Recognised(known, counted, device)


async def _device(
    running: Running, command: StartLogin, known: directory.Credentials | None
) -> devices.Device | None:
    """Return the device shown, if it is one of the person whose address was given."""
    token = command.device_token.get_secret_value() if command.device_token else None
    found = await devices.proved(running.pool, token)
    mine = found is not None and known is not None and found.account_id == known.account_id
    return found if mine else None


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


async def _begin(
    running: Running, identity: Identity, command: StartLogin, found: _Recognised
) -> LoginStarted | None:
    """Begin the log-in; None where the password or the address was changed meanwhile.

    To look at a password takes long enough for its owner to replace it, who knows who knows it.
    """
    account_id, now = found.known.account_id, running.store.clock()
    device_id = found.device.device_id if found.device else None
    new = replace(
        login.start(new_id(), account_id, found.counted.key, b"", now), device_id=device_id
    )
    async with running.pool.acquire() as connection, connection.transaction():
        streams = [ACCOUNT.stream(account_id), records.stream(new.login_id)]
        await running.store.hold(connection, streams)
        account = await _still_known(running, connection, command, found.known)
        if account is None:
            return None
        step = await next_step(connection, account, new, now)
        new, code_sent = await send_if_due(running, identity, connection, account, new, step)
        await records.end_all(connection, account_id, now)
        await records.add(connection, new)
    return shown(new, step, code_sent)


async def _still_known(
    running: Running, connection: Connection, command: StartLogin, known: directory.Credentials
) -> Account | None:
    """Return the account, which the caller holds, if what was checked is still what is right."""
    now = await directory.find(connection, command.email)
    if now is None or (now.account_id, now.changed_at) != (known.account_id, known.changed_at):
        return None
    account = (await running.store.load(connection, ACCOUNT, known.account_id)).state
    return account if account.active else None
