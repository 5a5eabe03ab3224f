"""How long a session still lasts, asked without keeping it alive: for the warning."""

from datetime import datetime

from fastapi import APIRouter, Request
from pydantic import BaseModel

from epep_runtime.http import running_of
from identity_service.sessions.proving import SessionProof, proved, session_over
from identity_service.sessions.session import Session, idle_ends_at, is_alive

router = APIRouter()


class Lasting(BaseModel):
    """When the session ends if nothing is done, and when it ends anyway."""

    idle_ends_at: datetime
    session_expires_at: datetime


def lasting(session: Session) -> Lasting:
    """Return how long a session lasts."""
    return Lasting(idle_ends_at=idle_ends_at(session), session_expires_at=session.expires_at)


@router.post("/sessions/peek", summary="How long the session still lasts")
async def peek(proof: SessionProof, request: Request) -> Lasting:
    """Return when the session ends. PUBLIC: its id and secret are the proof; is no activity."""
    running = running_of(request)
    session = await proved(running.pool, proof)
    if session is None or not is_alive(session, running.store.clock()):
        raise session_over()
    return lasting(session)
