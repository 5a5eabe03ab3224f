"""The virtual school's live board: how its PEPs stand, kept up to date while somebody looks.

The page is whole without JavaScript. With it, `/board/stream` sends the same parts of the page
again whenever the qa service has new numbers.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing

import httpx
import orjson
import structlog
from fastapi import APIRouter
from jinja2 import Environment
from starlette.responses import Response, StreamingResponse

from epep_runtime.postgres import DATABASE_FAULTS
from web_portal.board.events import as_event, events_of
from web_portal.problems import NotFoundError, ServiceProblemError, SessionEndedError
from web_portal.web.language import _
from web_portal.web.visit import AnyVisit, SignedIn, Visit

log = structlog.get_logger()
routes = APIRouter()
READERS = frozenset({"virtual_school", "virtual_school_head", "auditor"})
Still = Callable[[], Awaitable[bool]]
"""`async () -> bool`: whether somebody still looks."""

STOP = 204
"""What a browser's `EventSource` takes as: do not come back."""


def overseen(visit: Visit) -> list[str]:
    """Return the codes of the authorities whose board the person may see."""
    grants = (visit.session.account or {}).get("grants", [])
    return sorted({grant["authority"] for grant in grants if grant["role"] in READERS})


def chosen(visit: Visit) -> str:
    """Return the authority that is asked for, else the first. Raises NotFoundError."""
    codes = overseen(visit)
    wanted = visit.request.query_params.get("authority") or (codes[0] if codes else "")
    if wanted not in codes:
        raise NotFoundError(404)
    return wanted


@routes.get("/board")
async def board_page(visit: SignedIn) -> Response:
    """Show the numbers as they are now."""
    code, codes = chosen(visit), overseen(visit)
    board = (await visit.call.get("qa", "/board", {"authority": code})).json
    names = {code: board["authority"]["name"]}
    if len(codes) > 1:
        profiles = (await visit.call.get("pep", "/profiles")).json["profiles"]
        names |= {each["code"]: each["name"] for each in profiles}
    return await visit.page(
        "board/board.html",
        title=_("Live board"),
        section="board",
        board=board,
        authorities=[(each, names.get(each, each)) for each in codes],
    )


@routes.get("/board/stream")
async def board_stream(visit: AnyVisit) -> Response:
    """Send the page's parts again as the numbers change (server-sent events).

    It ends when the access token does, and the browser comes back by itself. Coming back counts as
    no activity: a session whose person has gone away runs out, and then the browser stops. Nothing
    more is sent once the session has ended, in another window or by itself.
    """
    if visit.session.account is None:
        return Response(status_code=STOP)
    seen = visit.request.headers.get("last-event-id")
    try:
        params = {"authority": chosen(visit)}
        response = await visit.call.follow("qa", "/board/stream", params, seen)
    except SessionEndedError:
        return Response(status_code=STOP)
    except ServiceProblemError as error:
        return Response(status_code=STOP if error.status in {401, 403, 404} else 503)
    parts = parts_of(response, visit.portal.templates, _looks_still(visit))
    return StreamingResponse(parts, media_type="text/event-stream")


def _looks_still(visit: Visit) -> Still:
    """Return what tells whether it is still the person's session that the stream is for."""
    sid, account_id = visit.session.sid, visit.session.account_id

    async def still() -> bool:
        found = await visit.portal.store.load(sid, visit.portal.clock())
        return found is not None and found.account_id == account_id

    return still


async def parts_of(
    response: httpx.Response, templates: Environment, still: Still
) -> AsyncIterator[bytes]:
    """Yield each event of the qa service with the part of the page that it changes."""
    numbers = templates.get_template("board/numbers.html")
    fresh = templates.get_template("board/as_of.html")
    async with aclosing(response):
        try:
            async for event in events_of(response.aiter_lines()):
                if not await still():
                    return
                if event.retry:
                    yield f"retry: {event.retry}\n\n".encode()
                    continue
                board = orjson.loads(event.data)
                if event.name == "board":
                    yield as_event("board", numbers.render(board=board), event.identity)
                yield as_event("as_of", fresh.render(board=board))
        except (httpx.HTTPError, *DATABASE_FAULTS) as error:
            log.info("a board's stream broke off", error=type(error).__name__)
