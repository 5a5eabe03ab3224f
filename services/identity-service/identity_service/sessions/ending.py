"""Log out: end one's session."""

from fastapi import APIRouter, Request
from fastapi.responses import Response

from epep_runtime.event_store import EventStore
from epep_runtime.http import running_of
from epep_runtime.postgres import Connection
from identity_service.causes import by_person
from identity_service.sessions.ending_all import end_these, stream
from identity_service.sessions.proving import SessionProof, proved, session_over
from identity_service.sessions.session import Session, is_alive

router = APIRouter()


@router.post("/sessions/end", status_code=204, response_class=Response, summary="Log out")
async def end(proof: SessionProof, request: Request) -> None:
    """End the session; ending it again is no mistake.

    PUBLIC: the session's id and secret are the proof, 401 without it. Every service refuses its
    access tokens within two seconds.
    """
    running = running_of(request)
    async with running.pool.acquire() as connection, connection.transaction():
        await running.store.hold(connection, [stream(proof.session_id)])
        session = await proved(connection, proof)
        if session is not None:
            await _end(connection, running.store, session)
    if session is None:
        raise session_over()


async def _end(connection: Connection, store: EventStore, session: Session) -> None:
    now = store.clock()
    if is_alive(session, now):
        cause = by_person(session.account_id)
        await end_these(connection, store, [session], cause, now, "logged_out")
