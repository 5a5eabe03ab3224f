"""The board as server-sent events: its numbers whenever they change, and a sign of life between.

`event: board` carries the whole board, and its id is a digest of the numbers, so that a client that
comes back with `Last-Event-ID` gets them only if it has not seen them. `event: as_of` says every
fifteen seconds that the numbers still hold. The stream ends when the access token does, or when
its person may not see the board any more.
"""

import asyncio
import hashlib
import math
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import datetime

import orjson

from qa_service.live_board.board import LiveBoard
from qa_service.live_board.shapes import Numbers

RETRY_MS = 2_000
HEARTBEAT_SECONDS = 15.0
AT_MOST_EVERY_SECONDS = 0.5
ASK_SECONDS = 1.0
"""So long after somebody is locked out they may be sent numbers, and half a second more."""


def digest_of(numbers: Numbers) -> str:
    """Return what tells these numbers from others."""
    return hashlib.sha256(numbers.model_dump_json().encode()).hexdigest()[:16]


def sent_event(name: str, data: bytes, identity: str | None = None) -> bytes:
    """Return one server-sent event; `data` is a line of JSON."""
    first = f"id: {identity}\n" if identity else ""
    return f"{first}event: {name}\n".encode() + b"data: " + data + b"\n\n"


async def pushes(
    board: LiveBoard,
    authority: str,
    seen: str | None,
    ends_at: float,
    clock: Callable[[], datetime],
    may_still: Callable[[], Awaitable[bool]],
) -> AsyncIterator[bytes]:
    """Yield the authority's board as it changes, until `ends_at` (seconds since the epoch).

    Or until `may_still`, asked again and again, says no.
    """
    yield f"retry: {RETRY_MS}\n\n".encode()
    said_at = -math.inf
    while (left := ends_at - clock().timestamp()) > 0 and await may_still():
        counted = await board.counted(authority)
        if counted is None:
            return
        now, found = board.dated(counted), digest_of(counted.numbers)
        if found != seen:
            seen, said_at = found, time.monotonic()
            yield sent_event("board", now.model_dump_json().encode(), found)
        elif time.monotonic() - said_at >= HEARTBEAT_SECONDS:
            said_at = time.monotonic()
            fresh = {"as_of": now.as_of, "catching_up": now.catching_up}
            yield sent_event("as_of", orjson.dumps(fresh))
        await asyncio.sleep(min(AT_MOST_EVERY_SECONDS, left))
        await board.follower.changed(authority, counted.changes, min(ASK_SECONDS, left))
