"""The board over HTTP: its numbers now, and a stream of them as they change."""

import base64
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Header, Query, Request
from fastapi.responses import StreamingResponse

from epep_access.checking import must_here
from epep_runtime.http import Asking, running_of
from epep_runtime.problems import NotFoundError, ProblemError
from epep_runtime.tokens import Principal
from qa_service.live_board.board import LiveBoard
from qa_service.live_board.pushing import pushes
from qa_service.live_board.shapes import Board

router = APIRouter(tags=["board"])
Code = Annotated[str, Query(pattern=r"^\d{3}$", description="The authority's DfE code")]
LastSeen = Annotated[
    str | None, Header(alias="Last-Event-ID", description="The id of the last board received")
]


class EventStream(StreamingResponse):
    """Server-sent events."""

    media_type = "text/event-stream"


STREAM: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "`board` events with the shape of `GET /board`, and `as_of` events",
        "content": {
            "text/event-stream": {
                "schema": {"type": "string"},
                "example": 'event: as_of\ndata: {"as_of":"2026-11-23T09:30:00Z",'
                '"catching_up":false}\n\n',
            }
        },
    }
}


async def _board(asking: Principal, request: Request, authority: str) -> LiveBoard:
    await must_here(running_of(request).pool, asking, authority, "board.read")
    return running_of(request).part(LiveBoard)


@router.get("/board", summary="How an authority's PEPs stand now")
async def read_board(asking: Asking, request: Request, authority: Code) -> Board:
    """Return the authority's numbers, and until which moment they hold.

    For its virtual school and its auditors; anybody else finds nothing (404).
    """
    board = await _board(asking, request, authority)
    counted = await board.counted(authority)
    if counted is None:
        raise NotFoundError
    return board.dated(counted)


@router.get(
    "/board/stream",
    summary="Follow an authority's board as it changes",
    response_class=EventStream,
    responses=STREAM,
)
async def follow_board(
    asking: Asking, request: Request, authority: Code, last_event_id: LastSeen = None
) -> EventStream:
    """Send the board at once and at each change (server-sent events), until the token runs out.

    Or until its person is locked out, or the role in the authority ends: a second or two later.
    Come back with `Last-Event-ID`: what was seen is not sent again. Every 15 seconds an `as_of`
    event says that the numbers still hold. For the same people as `GET /board`.
    """
    board = await _board(asking, request, authority)
    if await board.counted(authority) is None:
        raise NotFoundError
    clock, token = running_of(request).store.clock, _token_of(request)

    async def may_still() -> bool:
        try:
            principal = await running_of(request).verifier.verify(token)
            await _board(principal, request, authority)
        except ProblemError:
            return False
        return True

    return EventStream(pushes(board, authority, last_event_id, expiry_of(token), clock, may_still))


def _token_of(request: Request) -> str:
    return request.headers["Authorization"].partition(" ")[2].strip()


def expiry_of(token: str) -> float:
    """Return when a token, which has been verified, runs out: seconds since 1970."""
    claims = token.split(".")[1]
    padded = claims + "=" * (-len(claims) % 4)
    return float(orjson.loads(base64.urlsafe_b64decode(padded))["exp"])
