"""Who the token's person is, from their account's own events."""

from fastapi import APIRouter, Request

from epep_runtime.http import Asking, running_of
from epep_runtime.problems import NotFoundError
from epep_runtime.tokens import unauthenticated
from identity_service.accounts.account import ACCOUNT
from identity_service.accounts.shown import ShownAccount, shown_account

router = APIRouter()


@router.get("/me", summary="Who I am")
async def me(principal: Asking, request: Request) -> ShownAccount:
    """Return the person that the token was made for, with the roles they have now.

    A suspended account answers 401, though its last token may have minutes left.
    """
    running = running_of(request)
    async with running.pool.acquire() as connection:
        account = (await running.store.load(connection, ACCOUNT, principal.account_id)).state
    if account.account_id is None:
        raise NotFoundError
    if not account.active:
        raise unauthenticated()
    return shown_account(account)
