"""Answers each request in the language that its browser has chosen."""

from collections.abc import Mapping

from starlette.datastructures import MutableHeaders
from starlette.requests import HTTPConnection
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from web_portal.web.language import Language, speaking

COOKIE = "__Host-language"
SECONDS = 365 * 24 * 3600
WITHOUT_LANGUAGE = ("/static/", "/livez", "/readyz")


class LanguageMiddleware:
    """Speaks the language of the cookie, or the first one that is switched on."""

    def __init__(self, app: ASGIApp, languages: Mapping[str, Language]) -> None:
        self._app, self._languages = app, languages
        self._first = next(iter(languages.values()))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request in its language; the answer says which it is."""
        if scope["type"] != "http" or scope["path"].startswith(WITHOUT_LANGUAGE):
            await self._app(scope, receive, send)
            return
        language = self._chosen(scope)

        async def send_with_language(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.setdefault("Content-Language", language.code)
                if len(self._languages) > 1:
                    headers.add_vary_header("Cookie")
            await send(message)

        with speaking(language):
            await self._app(scope, receive, send_with_language)

    def _chosen(self, scope: Scope) -> Language:
        if len(self._languages) == 1:
            return self._first
        wanted = HTTPConnection(scope).cookies.get(COOKIE, "")
        return self._languages.get(wanted, self._first)


def keep(answer: Response, language: Language) -> None:
    """Have the browser remember the language for a year."""
    answer.set_cookie(
        COOKIE, language.code, max_age=SECONDS, secure=True, httponly=True, samesite="lax"
    )
