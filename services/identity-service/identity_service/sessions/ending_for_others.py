"""The virtual school ends a person's sessions, everywhere and at once, or resets their factors."""

from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response

from epep_access.checking import held_by
from epep_access.permissions import table
from epep_events.getting_in import FactorsReset, SessionsEndedByAuthority
from epep_runtime.http import CHANGE_RESPONSES, Asking, Changing, running_of
from epep_runtime.language import _
from epep_runtime.problems import NotFoundError, RefusedError
from epep_runtime.service import Running
from epep_runtime.text import Command, Name, example
from epep_runtime.tokens import Principal
from identity_service.accounts.account import ACCOUNT, Account
from identity_service.answering_once import AnsweredOnce
from identity_service.devices.forgetting import forget_all
from identity_service.factors import records as factors
from identity_service.sessions import records
from identity_service.sessions.ending_all import end_these, hold_with_sessions
from identity_service.sessions.listing import Ended, Sessions, shown_session
from identity_service.sessions.session import is_alive

router = APIRouter(route_class=AnsweredOnce)


class SayWhy(Command):
    """Why it is done; it is kept with the account."""

    model_config = example(why="Left on Friday")

    why: Name


async def account_and_shared(
    running: Running, principal: Principal, account_id: UUID
) -> tuple[Account, list[str]]:
    """Return an account and the authorities whose virtual school asks and where it has a role.

    Roles that have run out are left out. Raises NotFoundError where there is none: who works
    elsewhere is nobody here.
    """
    loaded = await running.store.load(running.pool, ACCOUNT, account_id)
    account = loaded.state.at(running.store.clock())
    held = await held_by(running.pool, principal)
    managed = held.authorities(table().allowed("people.manage"))
    shared = [authority for authority in account.authorities if authority in managed]
    if not shared:
        raise NotFoundError
    return account, shared


def refuse_own(principal: Principal, account_id: UUID) -> None:
    """Raise RefusedError `own-account` where somebody asks it of their own account."""
    if account_id == principal.account_id:
        raise RefusedError(_("This is your own account: ask a colleague."), "own-account")


async def shared_authority(running: Running, principal: Principal, account_id: UUID) -> str:
    """Return the first of `account_and_shared`'s authorities. Raises NotFoundError as it does."""
    return (await account_and_shared(running, principal, account_id))[1][0]


@router.get("/accounts/{account_id}/sessions", summary="A person's sessions")
async def sessions_of(account_id: UUID, principal: Asking, request: Request) -> Sessions:
    """Return where a person is logged in, for a virtual school that they work with."""
    running = running_of(request)
    await shared_authority(running, principal, account_id)
    now = running.store.clock()
    found = await records.open_of(running.pool, account_id)
    alive = [shown_session(each, None, set()) for each in found if is_alive(each, now)]
    return Sessions(sessions=alive)


@router.post(
    "/accounts/{account_id}/sessions/end",
    responses={403: CHANGE_RESPONSES[403]},
    summary="End a person's sessions",
)
async def end_sessions(
    account_id: UUID, command: SayWhy, change: Changing, request: Request
) -> Ended:
    """End all sessions of a person; every service refuses their tokens within two seconds."""
    running = running_of(request)
    authority = await shared_authority(running, change.principal, account_id)
    cause = change.cause("virtual_school", authority)
    async with running.pool.acquire() as connection, connection.transaction():
        store, now = running.store, running.store.clock()
        opened = await hold_with_sessions(connection, store, account_id)
        loaded = await store.load(connection, ACCOUNT, account_id)
        said = SessionsEndedByAuthority(
            account_id=account_id, authority_code=authority, why=command.why
        )
        await store.append(connection, ACCOUNT.stream(account_id), loaded.version, [said], cause)
        return Ended(ended=await end_these(connection, store, opened, cause, now))


@router.post(
    "/accounts/{account_id}/factors/reset",
    status_code=204,
    response_class=Response,
    responses={403: CHANGE_RESPONSES[403], 409: CHANGE_RESPONSES[409]},
    summary="Take a person's second factors away",
)
async def reset_factors(
    account_id: UUID, command: SayWhy, change: Changing, request: Request
) -> None:
    """Back to the mailed code for somebody who has lost all factors. They are told by mail.

    Their sessions end and no device is remembered. 409 `own-account` for one's own: whoever has
    come by a session of the virtual school's must not be rid of its person's factors so.
    """
    running = running_of(request)
    authority = await shared_authority(running, change.principal, account_id)
    refuse_own(change.principal, account_id)
    cause = change.cause("virtual_school", authority)
    store, now = running.store, running.store.clock()
    async with running.pool.acquire() as connection, connection.transaction():
        opened = await hold_with_sessions(connection, store, account_id)
        loaded = await store.load(connection, ACCOUNT, account_id)
        events = [
            FactorsReset(account_id=account_id, authority_code=authority, why=command.why),
            *await forget_all(connection, account_id, now),
        ]
        await store.append(connection, ACCOUNT.stream(account_id), loaded.version, events, cause)
        await factors.remove_all(connection, account_id)
        await end_these(connection, store, opened, cause, now)
