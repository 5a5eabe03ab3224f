"""The end of logging in: a second factor is right, and a session begins."""

import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from fastapi import Request
from pydantic import BaseModel

from epep_events.base import Event
from epep_events.getting_in import (
    DeclarationsAccepted,
    DeviceRemembered,
    Method,
    SessionStarted,
)
from epep_events.identity import LoginFailed, LoginSucceeded
from epep_runtime.http import running_of
from epep_runtime.ids import new_id
from epep_runtime.language import _
from epep_runtime.postgres import Connection
from epep_runtime.problems import RefusedError
from epep_runtime.service import Running
from identity_service.accounts.account import ACCOUNT, Account
from identity_service.accounts.shown import ShownAccount, shown_account
from identity_service.causes import by_person, by_service
from identity_service.devices import records as devices
from identity_service.devices.naming import coarse_network, device_name
from identity_service.logins import records
from identity_service.logins.answers import wrong_code
from identity_service.logins.login import Login, Verdict, is_late, try_factor
from identity_service.logins.starting import caller_address, caller_network
from identity_service.logins.steps import Step, next_step
from identity_service.parts import Identity
from identity_service.sessions import records as sessions
from identity_service.sessions import session
from identity_service.sessions.ending_all import stream as session_stream
from identity_service.throttling.counters import ADDRESS_RULE, Counted

Failure = Literal["deactivated", "expired"] | Method


class LoggedIn(BaseModel):
    """A session, the secret that proves it (told this once), and a first access token.

    `device_token` is this device's own, to be shown at its next log-in; until `remembered_until`
    it stands in for the second factor.
    """

    session_id: UUID
    session_secret: str
    access_token: str
    access_expires_at: datetime
    session_expires_at: datetime
    idle_ends_at: datetime
    device_token: str
    remembered_until: datetime | None
    account: ShownAccount


@dataclass(frozen=True, slots=True)
class Try:
    """A log-in with a second factor at hand, its streams held."""

    running: Running
    identity: Identity
    connection: Connection
    account: Account
    login: Login
    step: Step
    now: datetime


@dataclass(frozen=True, slots=True)
class Proof:
    """A right factor; `events` are what using it says on the account's stream."""

    events: tuple[Event, ...] = ()


Judge = Callable[[Try], Awaitable[Proof | None]]
"""`async (try) -> Proof`, or None for a wrong one."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Where a request comes from, no closer than its person is to know it again."""

    device: str
    network: str


@dataclass(frozen=True, slots=True)
class _Entered:
    account: Account
    session: session.Session
    secret: str
    device_token: str
    remembered_until: datetime | None


def caller_of(request: Request, identity: Identity) -> Caller:
    """Return the device's and the network's names."""
    agent = request.headers.get("user-agent", "")
    return Caller(device_name(agent), coarse_network(caller_address(request, identity)))


async def prove(
    request: Request, login_id: UUID, method: Method, judge: Judge, remember: bool = False
) -> LoggedIn:
    """Try a second factor and begin a session.

    Raises ProblemError 401 with one text for everything wrong, 409 `declarations` while those are
    not ticked, 429 for a network with too many failures.
    """
    running = running_of(request)
    identity = running.part(Identity)
    network = caller_network(request, identity)
    await identity.counters.refuse_blocked(network)
    caller = caller_of(request, identity)
    async with running.pool.acquire() as connection, connection.transaction():
        entered = None
        held = await _hold(running, identity, connection, login_id)
        if held is not None:
            entered = await _try(held[0], held[1], method, judge, caller, remember)
        if entered is None:
            await identity.counters.count(connection, network)
    if entered is None:  # after the commit: the failure is to be counted
        raise wrong_code()
    return await _answer(running, identity, entered)


async def _answer(running: Running, identity: Identity, entered: _Entered) -> LoggedIn:
    async with running.pool.acquire() as connection:
        now = entered.session.started_at
        issued = await identity.tokens.issue(connection, entered.account, entered.session, now)
    return LoggedIn(
        session_id=entered.session.session_id,
        session_secret=entered.secret,
        access_token=issued.token,
        access_expires_at=issued.expires_at,
        session_expires_at=entered.session.expires_at,
        idle_ends_at=session.idle_ends_at(entered.session),
        device_token=entered.device_token,
        remembered_until=entered.remembered_until,
        account=shown_account(entered.account.at(now)),
    )


async def _hold(
    running: Running, identity: Identity, connection: Connection, login_id: UUID
) -> tuple[Try, UUID] | None:
    """Hold account, log-in and the session to be; None for a log-in that is not known."""
    seen = await records.find(connection, login_id)
    if seen is None:
        return None
    session_id = new_id()
    held = [
        ACCOUNT.stream(seen.account_id),
        records.stream(login_id),
        session_stream(session_id),
    ]
    await running.store.hold(connection, held)
    login = await records.find(connection, login_id)  # nobody changes it from here on
    assert login is not None
    account = (await running.store.load(connection, ACCOUNT, login.account_id)).state
    now = running.store.clock()
    step = await next_step(connection, account, login, now)
    return Try(running, identity, connection, account, login, step, now), session_id


async def _try(
    held: Try, session_id: UUID, method: Method, judge: Judge, caller: Caller, remember: bool
) -> _Entered | None:
    if held.login.ended_at is not None or held.login.tries_left <= 0:
        return None
    if held.step.asked:
        raise RefusedError(_("Tick the declarations first."), "declarations")
    may_judge = method in held.step.factors and not is_late(held.login, held.now)
    proof = await judge(held) if may_judge else None  # to judge a recovery code uses it up
    verdict, after = try_factor(held.login, proof is not None, held.now)
    if verdict == "right" and proof is not None and held.account.active:
        tried = replace(held, login=after)
        return await _enter(tried, session_id, method, proof, caller, remember)
    why = _why(verdict, method)
    await _fail(held, after, LoginFailed(account_id=after.account_id, why=why))
    return None


def _why(verdict: Verdict, method: Method) -> Failure:
    if verdict == "right":
        return "deactivated"
    return "expired" if verdict == "expired" else method


async def _fail(held: Try, after: Login, said: LoginFailed) -> None:
    store, connection = held.running.store, held.connection
    await records.say(store, connection, after.login_id, [said], by_service())
    await records.save(connection, after)
    await held.identity.counters.count(connection, Counted(after.address_key, ADDRESS_RULE))


async def _enter(
    held: Try, session_id: UUID, method: Method, proof: Proof, caller: Caller, remember: bool
) -> _Entered:
    login, connection, store = held.login, held.connection, held.running.store
    known = await _known_device(held)
    until = _remembered_until(held, known, remember)
    device_id, device_token = await devices.keep(
        connection, known, login.account_id, caller.device, until, held.now
    )
    secret = secrets.token_urlsafe(32)
    begun = replace(
        session.start(session_id, login.account_id, secret, held.now),
        login_id=login.login_id,
        device_id=device_id,
        device=caller.device,
        network=caller.network,
    )
    cause = by_person(login.account_id)
    said = LoginSucceeded(login_id=login.login_id, account_id=login.account_id)
    await records.say(store, connection, login.login_id, [said], cause)
    started = SessionStarted(
        account_id=login.account_id,
        session_id=session_id,
        login_id=login.login_id,
        method=method,
        device=caller.device,
        network=caller.network,
    )
    await store.append(connection, session_stream(session_id), 0, [started], cause)
    events = [*_declared(held), *proof.events]
    if remember and until:
        account_id = login.account_id
        events.append(DeviceRemembered(account_id=account_id, device_id=device_id, until=until))
    await _say_of_account(held, events)
    await records.save(connection, login)
    await held.identity.counters.clear(connection, Counted(login.address_key, ADDRESS_RULE))
    await sessions.add(connection, begun)
    return _Entered(held.account, begun, secret, device_token, until)


async def _say_of_account(held: Try, events: list[Event]) -> None:
    account_id = held.login.account_id
    loaded = await held.running.store.load(held.connection, ACCOUNT, account_id)
    await held.running.store.append(
        held.connection, ACCOUNT.stream(account_id), loaded.version, events, by_person(account_id)
    )


def _declared(held: Try) -> list[Event]:
    """Return what the person has declared on the way in: proved now to be theirs."""
    return [
        DeclarationsAccepted(
            account_id=held.login.account_id,
            authority_code=authority,
            version=version,
            keys=tuple(keys),
        )
        for authority, version, keys in held.login.declared
        if (authority, version) not in held.account.declared
    ]


async def _known_device(held: Try) -> devices.Device | None:
    if held.login.device_id is None:
        return None
    found = await devices.by_id(held.connection, held.login.device_id)
    return found if found and found.account_id == held.login.account_id else None


def _remembered_until(held: Try, known: devices.Device | None, remember: bool) -> datetime | None:
    if remember and held.step.remember_days > 0:
        return held.now + timedelta(days=held.step.remember_days)
    return known.remembered_until if known else None
