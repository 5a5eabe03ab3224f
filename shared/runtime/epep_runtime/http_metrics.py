"""How long requests take, by the route's template: an address would name a child's record."""

import time

import structlog
from prometheus_client import Histogram
from starlette.types import ASGIApp, Message, Receive, Scope, Send

log = structlog.get_logger()
SECONDS = Histogram(
    "epep_http_request_seconds",
    "Time to the answer's first byte.",
    ["method", "route", "status"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
NOT_TIMED = ("/livez", "/readyz", "/metrics", "/static/")
FAILED = 500
METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}


class TimedRequests:
    """Observes each request when its answer begins; `/metrics` shows what came of it.

    A request that fails is answered further out, where neither route nor trace is known any more:
    it is counted and logged here. What logs the place in the code comes after it.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Time one request."""
        if scope["type"] != "http" or scope["path"].startswith(NOT_TIMED):
            await self._app(scope, receive, send)
            return
        began, begun = time.perf_counter(), False
        method = scope["method"] if scope["method"] in METHODS else "other"

        def observe(status: int) -> None:
            took = time.perf_counter() - began
            SECONDS.labels(method, _route(scope), status).observe(took)

        async def timed(message: Message) -> None:
            nonlocal begun
            if message["type"] == "http.response.start":
                begun = True
                observe(message["status"])
            await send(message)

        try:
            await self._app(scope, receive, timed)
        except Exception as error:
            if not begun:
                observe(FAILED)
            name = type(error).__name__
            log.error("request failed", method=method, route=_route(scope), error=name)
            raise


def _route(scope: Scope) -> str:
    return str(getattr(scope.get("route"), "path", "none"))
