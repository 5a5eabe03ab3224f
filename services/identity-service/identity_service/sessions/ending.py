"""Log out: end one's session."""

from fastapi import APIRouter, Request
from fastapi.responses import Response

from epep_events.identity import SessionEnded
from epep_runtime.event_store import EventStore
from epep_runtime.http import running_of
from epep_runtime.postgres import Connection
from identity_service.causes import by_person
from identity_service.sessions import records
from identity_service.sessions.proving import SessionProof, proved, session_over
from identity_service.sessions.session import Session, is_alive

router = APIRouter()


@router.post("/sessions/end", status_code=204, response_class=Response, summary="Log out")
async def end(proof: SessionProof, request: Request) -> None:
    """End the session; ending it again is no mistake.

    PUBLIC: the session's id and secret are the proof, 401 without it. Its last access token stays
    good for what is left of its ten minutes: whoever logs out throws it away.
    """
    running = running_of(request)
    async with running.pool.acquire() as connection, connection.transaction():
        await running.store.hold(connection, [_stream(proof)])
        session = await proved(connection, proof)
        if session is not None:
            await _end(connection, running.store, session, _stream(proof))
    if session is None:
        raise session_over()


def _stream(proof: SessionProof) -> str:
    return f"session-{proof.session_id}"


async def _end(connection: Connection, store: EventStore, session: Session, stream: str) -> None:
    now = store.clock()
    if not is_alive(session, now):
        return
    event = SessionEnded(
        account_id=session.account_id, session_id=session.session_id, why="logged_out"
    )
    await store.append(connection, stream, 0, [event], by_person(session.account_id))
    await records.end(connection, session.session_id, now)
