"""Only our own pages may make somebody's browser change something.

Two independent checks: where the browser says that the request comes from, and a token that only
a page of the same session can carry. The cookie's `SameSite=Lax` is the third.
"""

from collections.abc import AsyncIterator
from urllib.parse import urlsplit

from fastapi import Request
from starlette.datastructures import FormData
from starlette.types import ASGIApp, Receive, Scope, Send

from web_portal.web.keys import Keys
from web_portal.web.sessions import Session

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
FIELD = "csrf_token"
HEADER = "X-CSRF-Token"
MAX_FIELDS = 2000


class ForgedRequestError(Exception):
    """The request does not prove that it comes from a page of this session."""


def is_own(request: Request) -> bool:
    """Tell whether the browser says that the request comes from our own origin."""
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site in {"same-origin", "none"}
    origin = request.headers.get("origin")
    return origin is not None and urlsplit(origin).netloc == request.headers.get("host")


class OriginMiddleware:
    """Marks a change that another site's page asked for; the form check then refuses it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Note in the request's state whether the request is our own."""
        if scope["type"] == "http":
            own = scope["method"] in SAFE or is_own(Request(scope))
            scope.setdefault("state", {})["own_origin"] = own
        await self._app(scope, receive, send)


async def genuine(request: Request) -> AsyncIterator[None]:
    """Refuse a change without a fitting origin and form token. Raises ForgedRequestError.

    What the form brought as files is closed when the route is done.
    """
    if request.method not in SAFE:
        await _check(request)
    try:
        yield
    finally:
        await request.close()


async def _check(request: Request) -> None:
    if not request.state.own_origin:
        raise ForgedRequestError("origin")
    session: Session = request.state.session
    keys: Keys = request.app.state.portal.keys
    token = request.headers.get(HEADER)
    if token is None:
        found = (await read_form(request)).get(FIELD)
        token = found if isinstance(found, str) else ""
    if session.sent_sid is None or not keys.is_form_token(session.sent_sid, token):
        await request.close()
        raise ForgedRequestError("token")


async def read_form(request: Request) -> FormData:
    """Return the request's form, parsed once within limits."""
    return await request.form(max_files=5, max_fields=MAX_FIELDS, max_part_size=1_000_000)
