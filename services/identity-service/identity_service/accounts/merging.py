"""Somebody has two accounts: the virtual school makes them one, and closes the other for good."""

from datetime import date
from uuid import UUID

from fastapi import APIRouter, Request
from pydantic import BaseModel

from epep_events.base import Event
from epep_events.identity import AccountsMerged, RoleGranted, RoleRevoked, UserDeactivated
from epep_runtime.civil_time import local_date
from epep_runtime.http import CHANGE_RESPONSES, Changing, running_of
from epep_runtime.language import _
from epep_runtime.problems import FieldError, InvalidError, RefusedError
from epep_runtime.text import Command, Name, example
from identity_service.accounts.account import ACCOUNT, Account
from identity_service.accounts.granting import NEVER_GRANTED
from identity_service.accounts.suspending_for_others import wholly_shared_authority
from identity_service.answering_once import AnsweredOnce
from identity_service.logins import records as logins
from identity_service.sessions.ending_all import end_these, hold_with_sessions
from identity_service.sessions.ending_for_others import shared_authority

router = APIRouter(tags=["accounts"], route_class=AnsweredOnce)


class MergeInto(Command):
    """The account that is kept, and how it is known that both are the same person's."""

    model_config = example(
        into_account_id="0190f3a2-7c1e-7b5a-9d3e-2f6a1c0b4d5e", why="Registered twice; rang her"
    )

    into_account_id: UUID
    why: Name


class Merged(BaseModel):
    """How many roles went over."""

    roles: int


def move_roles(old: Account, kept: Account, today: date) -> list[Event]:
    """Return the old account's roles as the kept one's, with their days; what it has, it keeps.

    Roles that have run out are nobody's any more: none moves, and none keeps another from moving.
    """
    assert kept.account_id is not None
    return [
        RoleGranted(
            account_id=kept.account_id,
            authority_code=each.authority,
            role=each.role,
            setting_urn=each.setting_urn,
            held_from=old.days[each][0],
            held_to=old.days[each][1],
        )
        for each in old.on(today).grants
        if each not in kept.on(today).grants
    ]


def close(old: Account, kept: Account, authority: str, why: str) -> list[Event]:
    """Return the end of the old account.

    Raises InvalidError `into_account_id` for an account that cannot take its place, RefusedError
    `merged` for one that has gone already, `operator` for one with a role no virtual school gives.
    """
    assert old.account_id is not None
    if kept.account_id is None or not kept.active or kept.account_id == old.account_id:
        message = _("Choose another account that is in use.")
        raise InvalidError([FieldError("into_account_id", message, "unfit")])
    if old.merged_into is not None:
        raise RefusedError(_("This account was merged before."), "merged")
    if any(each.role in NEVER_GRANTED for each in old.grants):
        raise RefusedError(_("Ask the operator of ePEP to merge this account."), "operator")
    ended: list[Event] = [
        RoleRevoked(account_id=old.account_id, authority_code=code, role=role)
        for code, role in sorted({(each.authority, each.role) for each in old.grants})
    ]
    merged = AccountsMerged(
        account_id=old.account_id,
        into_account_id=kept.account_id,
        authority_code=authority,
        why=why,
    )
    closed = [UserDeactivated(account_id=old.account_id, why=why)] if old.active else []
    return [merged, *ended, *closed]


@router.post(
    "/accounts/{account_id}/merger",
    summary="Merge an account into another",
    responses=CHANGE_RESPONSES,
)
async def merge(account_id: UUID, command: MergeInto, change: Changing, request: Request) -> Merged:
    """Move roles and children of somebody's second account to the first, and close it for good.

    For the virtual school of every authority that the old account works with, where the person of
    the kept one works too; both addresses are told by mail. Children follow within seconds.
    """
    running = running_of(request)
    store, into = running.store, command.into_account_id
    authority = await wholly_shared_authority(running, change.principal, account_id)
    await shared_authority(running, change.principal, into)
    cause = change.cause("virtual_school", authority)
    async with running.pool.acquire() as connection, connection.transaction():
        opened = await hold_with_sessions(connection, store, account_id, ACCOUNT.stream(into))
        old = await store.load(connection, ACCOUNT, account_id)
        kept = await store.load(connection, ACCOUNT, into)
        ended = close(old.state, kept.state, authority, command.why)
        given = move_roles(old.state, kept.state, local_date(store.clock()))
        await store.append(connection, ACCOUNT.stream(into), kept.version, given, cause)
        await store.append(connection, ACCOUNT.stream(account_id), old.version, ended, cause)
        await end_these(connection, store, opened, cause, store.clock())
        await logins.end_all(connection, account_id, store.clock())
    return Merged(roles=len(given))
