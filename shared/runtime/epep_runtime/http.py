"""The HTTP face of a service: limits, who is asking, health, problems."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

import structlog
from fastapi import APIRouter, Depends, FastAPI, Header, Request, Response, Security
from fastapi.responses import JSONResponse, PlainTextResponse
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from opentelemetry.instrumentation.fastapi import FastAPIInstrumentor
from prometheus_client import CONTENT_TYPE_LATEST
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from epep_runtime import own_writes
from epep_runtime.answers import AnswersInALanguage
from epep_runtime.commands import Change, change_of
from epep_runtime.http_metrics import TimedRequests
from epep_runtime.language import _
from epep_runtime.metrics import exposition
from epep_runtime.problems import ProblemError, install_problems, problem_body
from epep_runtime.row_security import see_only
from epep_runtime.telemetry import without_query
from epep_runtime.tokens import Principal, unauthenticated

if TYPE_CHECKING:
    from epep_runtime.service import Running

log = structlog.get_logger()
MAX_BODY = 1024 * 1024


class BodyLimit:
    """Refuses a request whose body is larger than its path allows, before anything reads it."""

    def __init__(self, app: ASGIApp, limits: Mapping[str, int]) -> None:
        self._app, self._limits = app, dict(limits)

    def _limit(self, path: str) -> int:
        found = [size for prefix, size in self._limits.items() if path.startswith(prefix)]
        return max(found, default=MAX_BODY)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Count the body as it comes in; answer 413 as soon as it is too large."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        limit, seen = self._limit(scope["path"]), 0
        declared = dict(scope["headers"]).get(b"content-length", b"0")
        if declared.isdigit() and int(declared) > limit:
            await _too_large(limit)(scope, receive, send)
            return

        async def counted() -> Message:
            nonlocal seen
            message = await receive()
            seen += len(message.get("body", b""))
            if seen > limit:
                raise _too_large_problem(limit)
            return message

        await self._app(scope, counted, send)


def _too_large_problem(limit: int) -> ProblemError:
    size = f"{limit // (1024 * 1024)} MB"
    detail = _("That is too much at once: %(size)s is the most.", size=size)
    return ProblemError(413, "too-large", detail)


def _too_large(limit: int) -> JSONResponse:
    return JSONResponse(
        problem_body(_too_large_problem(limit)), 413, media_type="application/problem+json"
    )


def running_of(request: Request) -> "Running":
    """Return the running service behind a request."""
    running: Running = request.app.state.running
    return running


Bearer = Annotated[
    HTTPAuthorizationCredentials | None,
    Security(
        HTTPBearer(
            bearerFormat="JWT",
            description="An access token of identity-service; it lasts ten minutes.",
            auto_error=False,
        )
    ),
]


async def principal_of(request: Request, bearer: Bearer) -> Principal:
    """Return the person behind a request. Raises ProblemError 401 without a valid token."""
    if bearer is None or not bearer.credentials:
        raise unauthenticated()
    principal = await running_of(request).verifier.verify(bearer.credentials.strip())
    see_only(grant.authority for grant in principal.grants)
    return principal


IfMatch = Annotated[
    str | None,
    Header(description="The version that the change was made on, from `ETag`.", examples=['"7"']),
]
IdempotencyKey = Annotated[
    str | None,
    Header(
        description="1 to 100 characters of the client's; the same again gets the first answer.",
        examples=["5f0c1c3e-create-pep"],
    ),
]


async def _change(
    request: Request,
    principal: Annotated[Principal, Depends(principal_of)],
    if_match: IfMatch = None,
    idempotency_key: IdempotencyKey = None,
) -> Change:
    return await change_of(request, principal, if_match, idempotency_key)


OwnWrites = Annotated[
    str | None,
    Header(
        alias=own_writes.WRITTEN,
        description="What changes answered in `Epep-Written`: the answer waits up to 2 s until"
        " it shows them, or says `Epep-Catching-Up: true`.",
        examples=["pep:pep-01975a52-3a0e-7c1b-9d56-6a9f4d0f7e01:12:PageSaved"],
    ),
]


async def _asking(
    request: Request,
    principal: Annotated[Principal, Depends(principal_of)],
    written: OwnWrites = None,
) -> Principal:
    if written:
        running = running_of(request)
        changes = own_writes.parse(written)
        shown = await own_writes.wait_until_shown(
            running.pool, running.service.all_projectors(), changes
        )
        running.news.end_for(changes)
        request.state.catching_up = not shown
    return principal


Asking = Annotated[Principal, Depends(_asking)]
"""A route's parameter: the person who asks, who sees what they have changed themselves."""

Changing = Annotated[Change, Depends(_change)]
"""A route's parameter: the person who asks, with If-Match and Idempotency-Key."""


def health_routes() -> APIRouter:
    """Return `/livez`, `/readyz` (with lag in events and seconds) and `/metrics`."""
    router = APIRouter(include_in_schema=False)

    @router.get("/livez")
    async def livez() -> PlainTextResponse:
        return PlainTextResponse("ok")

    @router.get("/readyz")
    async def readyz(request: Request) -> JSONResponse:
        report = await running_of(request).health()
        return JSONResponse(report, 200 if report["status"] == "ok" else 503)

    @router.get("/metrics")
    async def metrics(request: Request) -> Response:
        found = await exposition(running_of(request))
        return Response(found, media_type=CONTENT_TYPE_LATEST)

    return router


class AnswerHeaders:
    """Adds what every answer says: not to be stored, not to be guessed at, perhaps not up to date.

    In plain ASGI: a `@app.middleware("http")` runs each request in a task of its own.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let one request through and complete the headers of its answer."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def completed(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.setdefault("Cache-Control", "no-store")
                headers["X-Content-Type-Options"] = "nosniff"
                if scope.get("state", {}).get("catching_up", False):
                    headers[own_writes.CATCHING_UP] = "true"
            await send(message)

        await self._app(scope, receive, completed)


def make_app(
    title: str, description: str, routers: list[APIRouter], body_limits: Mapping[str, int]
) -> FastAPI:
    """Build a service's application; its documentation is `/openapi.json`, for the inside only."""
    app = FastAPI(
        title=title,
        description=description,
        version="1",
        docs_url=None,
        redoc_url=None,
        responses=PROBLEM_RESPONSES,
    )
    install_problems(app)
    app.include_router(health_routes())
    for router in routers:
        app.include_router(router)
    app.add_middleware(AnswerHeaders)
    app.add_middleware(BodyLimit, limits=body_limits)
    app.add_middleware(AnswersInALanguage)
    app.add_middleware(TimedRequests)
    FastAPIInstrumentor.instrument_app(
        app,
        server_request_hook=without_query,
        excluded_urls="livez,readyz,metrics",
        exclude_spans=["receive", "send"],
    )
    return app


def _problem(description: str, slug: str) -> dict[str, Any]:
    example = {"type": f"urn:epep:problem:{slug}", "title": description, "detail": description}
    schema = {"$ref": "#/components/schemas/Problem"}
    return {
        "description": description,
        "content": {"application/problem+json": {"schema": schema, "example": example}},
    }


PROBLEM_RESPONSES: dict[int | str, dict[str, Any]] = {
    401: _problem("No valid token", "unauthenticated"),
    404: _problem("No such record, or not yours to see", "not-found"),
    422: _problem("Some fields do not fit", "invalid"),
}
CHANGE_RESPONSES: dict[int | str, dict[str, Any]] = {
    403: _problem("Your role may not do this", "forbidden"),
    409: _problem("A rule refuses it", "refused"),
    412: _problem("Somebody else changed it since", "stale-version"),
    428: _problem("If-Match is needed", "version-required"),
}
"""`responses=` of a route that changes something."""

PROBLEM_SCHEMA: dict[str, Any] = {
    "type": "object",
    "description": "RFC 9457 problem details; `errors` points at each field that is wrong.",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "state": {"description": "With 412: how the record is now."},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "field": {"type": "string"},
                    "message": {"type": "string"},
                    "code": {"type": "string"},
                },
            },
        },
    },
}


def openapi_of(app: FastAPI) -> dict[str, Any]:
    """Return the application's OpenAPI document with the shape of its problems."""
    document = app.openapi()
    document.setdefault("components", {}).setdefault("schemas", {})["Problem"] = PROBLEM_SCHEMA
    return document
