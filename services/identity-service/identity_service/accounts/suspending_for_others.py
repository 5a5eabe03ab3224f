"""A virtual school suspends an account of its own people, and restores it."""

from uuid import UUID

from fastapi import APIRouter, Request
from pydantic import BaseModel

from epep_access.checking import held_by
from epep_access.permissions import table
from epep_runtime.http import CHANGE_RESPONSES, Changing, running_of
from epep_runtime.problems import NotFoundError, RefusedError
from epep_runtime.service import Running
from epep_runtime.text import Command, Name, example
from epep_runtime.tokens import Principal
from identity_service.accounts.account import ACCOUNT, Account
from identity_service.accounts.suspending import restore_account, suspend_account

router = APIRouter(tags=["accounts"])


class SuspendOrRestore(Command):
    """Why it is done; it is kept with the account."""

    model_config = example(why="Left on Friday")

    why: Name


class Done(BaseModel):
    """Whether anything had to be done."""

    changed: bool


async def all_mine(running: Running, principal: Principal, account_id: UUID) -> tuple[Account, str]:
    """Return an account, and an authority in which both its person and the asker work.

    One virtual school cannot close what others rely on. Raises NotFoundError for people of other
    authorities, RefusedError `works-elsewhere` for those of others too, `own-account` for one's
    own.
    """
    account = (await running.store.load(running.pool, ACCOUNT, account_id)).state
    held = await held_by(running.pool, principal)
    managed = set(held.authorities(table().allowed("people.manage")))
    mine = [each for each in account.authorities if each in managed]
    if not mine:
        raise NotFoundError
    if account_id == principal.account_id:
        raise RefusedError("This is your own account: ask a colleague.", "own-account")
    if set(account.authorities) - managed:
        raise RefusedError(
            f"{account.name} works with another authority too: end the roles here instead.",
            "works-elsewhere",
        )
    return account, mine[0]


@router.post(
    "/accounts/{account_id}/suspension", summary="Suspend an account", responses=CHANGE_RESPONSES
)
async def suspend_person(
    account_id: UUID, command: SuspendOrRestore, change: Changing, request: Request
) -> Done:
    """Let nobody use the account: it ends every session at once; again changes nothing.

    For the virtual school; 409 `works-elsewhere` for who has a role in another authority as well.
    """
    running = running_of(request)
    _, authority = await all_mine(running, change.principal, account_id)
    cause = change.cause("virtual_school", authority)
    done = await suspend_account(running.pool, running.store, account_id, command.why, cause)
    return Done(changed=done)


@router.post(
    "/accounts/{account_id}/restoration", summary="Restore an account", responses=CHANGE_RESPONSES
)
async def restore_person(
    account_id: UUID, command: SuspendOrRestore, change: Changing, request: Request
) -> Done:
    """Let a suspended account be used again; what was open stays closed."""
    running = running_of(request)
    _, authority = await all_mine(running, change.principal, account_id)
    cause = change.cause("virtual_school", authority)
    done = await restore_account(running.pool, running.store, account_id, command.why, cause)
    return Done(changed=done)
