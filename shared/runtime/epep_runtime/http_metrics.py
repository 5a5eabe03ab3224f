"""How long requests take, by the route's template: an address would name a child's record."""

import time

from prometheus_client import Histogram
from starlette.types import ASGIApp, Message, Receive, Scope, Send

SECONDS = Histogram(
    "epep_http_request_seconds",
    "Time to the answer's first byte.",
    ["method", "route", "status"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
NOT_TIMED = ("/livez", "/readyz", "/metrics", "/static/")
METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}


class TimedRequests:
    """Observes each request when its answer begins; `/metrics` shows what came of it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Time one request."""
        if scope["type"] != "http" or scope["path"].startswith(NOT_TIMED):
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()

        async def timed(message: Message) -> None:
            if message["type"] == "http.response.start":
                route = getattr(scope.get("route"), "path", "none")
                method = scope["method"] if scope["method"] in METHODS else "other"
                took = time.perf_counter() - began
                SECONDS.labels(method, route, message["status"]).observe(took)
            await send(message)

        await self._app(scope, receive, timed)
