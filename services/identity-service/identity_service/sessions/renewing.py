"""Get a fresh access token for a session; doing so keeps the session alive."""

from datetime import datetime

from fastapi import APIRouter, Request
from pydantic import BaseModel

from epep_runtime.http import running_of
from identity_service.accounts.account import ACCOUNT
from identity_service.accounts.shown import ShownAccount, shown_account
from identity_service.parts import Identity
from identity_service.sessions import records
from identity_service.sessions.proving import SessionProof, proved, session_over
from identity_service.sessions.session import idle_ends_at, is_alive, seen

router = APIRouter()


class FreshToken(BaseModel):
    """An access token, good for ten minutes at every service, and whose it is, as of now."""

    access_token: str
    access_expires_at: datetime
    idle_ends_at: datetime
    session_expires_at: datetime
    account: ShownAccount


@router.post("/tokens", summary="A fresh access token")
async def renew(proof: SessionProof, request: Request) -> FreshToken:
    """Return a token with the roles that the person has now.

    PUBLIC: the session's id and secret are the proof. Counts as activity. 401 when the session
    has ended, was idle for half an hour or is twelve hours old, and when the account is suspended.
    """
    running = running_of(request)
    now = running.store.clock()
    async with running.pool.acquire() as connection:
        session = await proved(connection, proof)
        if session is None or not is_alive(session, now):
            raise session_over()
        account = (await running.store.load(connection, ACCOUNT, session.account_id)).state
        if not account.active:
            raise session_over()
        session = seen(session, now)
        await records.note_seen(connection, session)
        issued = await running.part(Identity).tokens.issue(connection, account, session, now)
    return FreshToken(
        access_token=issued.token,
        access_expires_at=issued.expires_at,
        idle_ends_at=idle_ends_at(session),
        session_expires_at=session.expires_at,
        account=shown_account(account.at(now)),
    )
