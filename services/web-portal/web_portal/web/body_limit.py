"""No request may be larger than its page can need."""

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

FORM_BYTES = 1_000_000
UPLOAD_BYTES = 20 * 1024 * 1024
UPLOADS = "/imports"


class BodyLimitMiddleware:
    """Refuses a body over 1 MB (20 MB where files are uploaded) while it arrives."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Count the body's bytes; over the limit the application's read raises a 413."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        limit = UPLOAD_BYTES if scope["path"].startswith(UPLOADS) else FORM_BYTES
        seen = 0

        async def counted() -> Message:
            nonlocal seen
            message = await receive()
            seen += len(message.get("body", b""))
            if seen > limit:
                raise HTTPException(413, "The request is too large.")
            return message

        await self._app(scope, counted, send)
