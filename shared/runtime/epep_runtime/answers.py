"""The languages that services answer in: what a caller's `Accept-Language` names, else English.

The sentences of problems and the headings of files are marked where they are said (`_`), in the
services and in what they share, and stand in one catalogue here: much is said by several of them.
"""

from collections.abc import Mapping
from functools import cache
from pathlib import Path

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from epep_runtime.language import Language, first_of, languages_in, speaking

LOCALES = Path(__file__).parent / "locale"


@cache
def shipped() -> Mapping[str, Language]:
    """Return every language that there is a catalogue for, by its code, English first."""
    return languages_in(LOCALES)


def asked_for(accepted: str | None) -> Language:
    """Return the first language of an `Accept-Language` header that there is, else English."""
    return first_of(accepted, shipped())


class AnswersInALanguage:
    """Speaks the language that a request asks for while it is answered."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        shipped()  # the catalogues are read now, and not by the first request

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request in its language."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        with speaking(asked_for(Headers(scope=scope).get("accept-language"))):
            await self._app(scope, receive, send)
