"""A virtual school suspends an account of its own people, and restores it."""

from uuid import UUID

from fastapi import APIRouter, Request
from pydantic import BaseModel

from epep_runtime.http import CHANGE_RESPONSES, Changing, running_of
from epep_runtime.language import _
from epep_runtime.problems import RefusedError
from epep_runtime.service import Running
from epep_runtime.tokens import Principal
from identity_service.accounts.suspending import restore_account, suspend_account
from identity_service.answering_once import AnsweredOnce
from identity_service.sessions.ending_for_others import SayWhy, account_and_shared, refuse_own

router = APIRouter(tags=["accounts"], route_class=AnsweredOnce)


class Done(BaseModel):
    """Whether anything had to be done."""

    changed: bool


async def wholly_shared_authority(running: Running, principal: Principal, account_id: UUID) -> str:
    """Return an authority of the asker's and of a person who works in no other's.

    One virtual school cannot close what others rely on. Raises NotFoundError for people of other
    authorities, RefusedError `works-elsewhere` for those of others too, `own-account` for one's
    own.
    """
    account, shared = await account_and_shared(running, principal, account_id)
    refuse_own(principal, account_id)
    if set(account.authorities) - set(shared):
        raise RefusedError(
            _(
                "%(name)s works with another authority too: end the roles here instead.",
                name=account.name,
            ),
            "works-elsewhere",
        )
    return shared[0]


@router.post(
    "/accounts/{account_id}/suspension", summary="Suspend an account", responses=CHANGE_RESPONSES
)
async def suspend_person(
    account_id: UUID, command: SayWhy, change: Changing, request: Request
) -> Done:
    """Let nobody use the account: it ends every session at once; again changes nothing.

    For the virtual school; 409 `works-elsewhere` for who has a role in another authority as well.
    """
    running = running_of(request)
    authority = await wholly_shared_authority(running, change.principal, account_id)
    cause = change.cause("virtual_school", authority)
    done = await suspend_account(running.pool, running.store, account_id, command.why, cause)
    return Done(changed=done)


@router.post(
    "/accounts/{account_id}/restoration", summary="Restore an account", responses=CHANGE_RESPONSES
)
async def restore_person(
    account_id: UUID, command: SayWhy, change: Changing, request: Request
) -> Done:
    """Let a suspended account be used again; what was open stays closed."""
    running = running_of(request)
    authority = await wholly_shared_authority(running, change.principal, account_id)
    cause = change.cause("virtual_school", authority)
    done = await restore_account(running.pool, running.store, account_id, command.why, cause)
    return Done(changed=done)
