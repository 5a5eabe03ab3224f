"""What a person sees when something cannot be done, and what happens to what they typed."""

import traceback
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Match
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from web_portal.problems import ServiceProblemError, SessionEndedError, UnavailableError
from web_portal.web.csrf import ForgedRequestError
from web_portal.web.language import N_, _, current
from web_portal.web.visit import LogInNeededError, Visit

log = structlog.get_logger()
TITLES = {
    400: N_("We could not read that"),
    403: N_("You cannot do this"),
    404: N_("Page not found"),
    405: N_("Page not found"),
    409: N_("This cannot be done now"),
    410: N_("This record has been erased"),
    412: N_("Someone else changed this"),
    413: N_("What you sent is too large"),
    422: N_("There is a problem with what you sent"),
    429: N_("Too many tries"),
    500: N_("Sorry, there is a problem"),
    503: N_("Sorry, this part of ePEP is catching up"),
}


def form_page(request: Request, path: str) -> str:
    """Return the nearest page that can be opened: the path itself, or what is above it."""
    while path and path != "/":
        scope = {"type": "http", "method": "GET", "path": path, "headers": []}
        matches = (route.matches(scope)[0] for route in request.app.routes)
        if any(match is Match.FULL for match in matches):
            return path
        path = path.rpartition("/")[0]
    return "/"


async def error_page(visit: Visit, status: int, **context: Any) -> HTMLResponse:
    """Render the page for a status."""
    known = status if status in TITLES else 500
    given = {"code": known, "title": _(TITLES[known]), "back": form_page(visit.request, visit.path)}
    return await visit.page("web/error.html", status, quiet=True, **given | context)


async def ask_to_log_in(request: Request, _: Exception) -> Response:
    """Keep what was typed for the person whose session ran out, and send them to log in."""
    visit = Visit(request)
    owner = visit.session.expired_account
    kept = request.method != "GET" and request.state.own_origin and await visit.keep_draft(owner)
    target = form_page(request, request.url.path)
    if request.method == "GET" and request.url.query:
        target = f"{target}?{request.url.query}"
    reason = "&kept=1" if kept else "&ended=1" if owner else ""
    return RedirectResponse(f"/log-in?next={quote(target, safe='/')}{reason}", status_code=303)


async def on_service_problem(request: Request, error: Exception) -> Response:
    """Show what a service answered, where the route had nothing better to do with it."""
    assert isinstance(error, ServiceProblemError)
    visit = Visit(request)
    if any(each.code == "reauthenticate" for each in error.errors):
        await visit.keep_draft(visit.session.account_id)
        target = form_page(request, request.url.path)
        return RedirectResponse(f"/account/confirm?next={quote(target, safe='/')}", 303)
    status = 503 if isinstance(error, UnavailableError) else error.status
    status = 500 if status == HTTPStatus.UNAUTHORIZED else status
    log.info("service problem", target=error.slug, status=error.status)
    kept = status != HTTPStatus.GONE and await visit.keep_draft(visit.session.account_id)
    return await error_page(visit, status, problem=error, kept=kept)


async def on_forged(request: Request, _: Exception) -> Response:
    """Refuse a form that is not ours; nothing is done."""
    return await error_page(Visit(request), 403, forged=True)


async def on_http(request: Request, error: Exception) -> Response:
    """Show the page for an error of the web framework itself."""
    assert isinstance(error, HTTPException)
    return await error_page(Visit(request), error.status_code)


async def on_invalid(request: Request, _: Exception) -> Response:
    """An address with a malformed part names nothing."""
    return await error_page(Visit(request), 404)


def install_errors(app: FastAPI) -> None:
    """Make every error of the application a page."""
    app.add_exception_handler(LogInNeededError, ask_to_log_in)
    app.add_exception_handler(SessionEndedError, ask_to_log_in)
    app.add_exception_handler(ForgedRequestError, on_forged)
    app.add_exception_handler(ServiceProblemError, on_service_problem)
    app.add_exception_handler(HTTPException, on_http)
    app.add_exception_handler(RequestValidationError, on_invalid)


class RecoveryMiddleware:
    """Answers an unexpected error with a page, and records its kind without any input."""

    def __init__(self, app: ASGIApp, pages: Mapping[str, str]) -> None:
        self._app, self._pages = app, pages

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request; an answer that has begun cannot be replaced."""
        begun = False

        async def noting(message: Message) -> None:
            nonlocal begun
            begun = begun or message["type"] == "http.response.start"
            await send(message)

        try:
            await self._app(scope, receive, noting)
        except Exception as error:
            if begun or scope["type"] != "http":
                raise
            route = getattr(scope.get("route"), "path", None)
            tail = traceback.extract_tb(error.__traceback__)[-6:]
            frames = [f"{each.filename}:{each.lineno} {each.name}" for each in tail]
            log.error("request failed", route=route, error=type(error).__name__, frames=frames)
            await HTMLResponse(self._pages[current().code], status_code=500)(scope, receive, send)
