"""Puts the browser's session into the request, and stores and sends it when it changed."""

from collections.abc import Callable
from datetime import datetime, timedelta

from starlette.datastructures import MutableHeaders
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from web_portal.web.keys import is_sid
from web_portal.web.sessions import Session, SessionStore

COOKIE = "__Host-sid"
WITHOUT_SESSION = ("/static/", "/livez", "/readyz")
NO_ACTIVITY = ("/board/stream",)
"""What a page does by itself: it must not keep alive the session of somebody who has gone away."""
TOUCH = timedelta(minutes=1)


class SessionMiddleware:
    """Loads the session before the page and saves it before the answer leaves.

    A record is written only when there is something to remember, so a visitor who only looks at
    the log-in page costs no row. Activity is noted once a minute.
    """

    def __init__(self, app: ASGIApp, store: SessionStore, clock: Callable[[], datetime]) -> None:
        self._app, self._store, self._clock = app, store, clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request with its session in `request.state.session`."""
        if scope["type"] != "http" or scope["path"].startswith(WITHOUT_SESSION):
            await self._app(scope, receive, send)
            return
        sent = HTTPConnection(scope).cookies.get(COOKIE, "")
        active = not scope["path"].startswith(NO_ACTIVITY)
        session = await self._load(sent if is_sid(sent) else None, active)
        scope.setdefault("state", {})["session"] = session

        async def send_with_cookie(message: Message) -> None:
            if message["type"] == "http.response.start":
                if session.changed:
                    await self._store.save(session)
                    session.changed = False
                if session.ended or session.sid != session.sent_sid:
                    headers = MutableHeaders(scope=message)
                    headers.append("Set-Cookie", cookie_header(session))
            await send(message)

        await self._app(scope, receive, send_with_cookie)

    async def _load(self, sent: str | None, active: bool) -> Session:
        now = self._clock()
        session = await self._store.load(sent, now) if sent else None
        session = session or Session.blank(now, sent)
        session.sent_sid = sent
        if active and session.account_id and now - session.last_seen_at >= TOUCH:
            session.last_seen_at, session.changed = now, True
        return session


def cookie_header(session: Session) -> str:
    """Return the Set-Cookie that carries the session's id, or that deletes it."""
    value, age = ("", "; Max-Age=0") if session.ended else (session.sid, "")
    return f"{COOKIE}={value}; Path=/; Secure; HttpOnly; SameSite=Lax{age}"
