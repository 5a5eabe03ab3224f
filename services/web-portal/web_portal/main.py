"""Composition root: the only place that knows every part of the portal."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import structlog
import uvicorn
import uvloop
from fastapi import Depends, FastAPI
from opentelemetry.instrumentation.fastapi import FastAPIInstrumentor
from starlette.staticfiles import StaticFiles

from epep_runtime.keep_alive import KEEP_ALIVE_SECONDS
from epep_runtime.migrations import find, migrate
from epep_runtime.postgres import open_pool
from epep_runtime.telemetry import without_query
from epep_runtime.waiting import when_there
from web_portal.access.child_access import routes as child_access
from web_portal.access.delegating import routes as delegating
from web_portal.account.asking import routes as account_asking
from web_portal.account.details import routes as account_details
from web_portal.account.factors import routes as account_factors
from web_portal.account.notifications import routes as account_notifications
from web_portal.account.overview import routes as account
from web_portal.account.sessions import routes as account_sessions
from web_portal.administration.accounts import routes as accounts
from web_portal.administration.allocations import routes as allocations
from web_portal.administration.carers import routes as carers
from web_portal.administration.covers import routes as covers
from web_portal.administration.leavers import routes as leavers
from web_portal.administration.overview import routes as administration
from web_portal.administration.requests import routes as access_requests
from web_portal.board.routes import routes as board
from web_portal.children.routes import routes as children
from web_portal.home.routes import routes as home
from web_portal.importing.routes import routes as importing
from web_portal.information.choosing_language import routes as choosing_language
from web_portal.information.routes import routes as information
from web_portal.invitations.link_routes import routes as invitation_links
from web_portal.invitations.messages import routes as messages
from web_portal.invitations.routes import routes as invitations
from web_portal.joining.forgetting import routes as forgetting
from web_portal.joining.mailed_links import routes as mailed_links
from web_portal.joining.registering import routes as registering
from web_portal.logging_in.declaring import routes as declaring
from web_portal.logging_in.routes import routes as logging_in
from web_portal.logging_in.second_factor import routes as second_factor
from web_portal.meetings.changing_routes import routes as changing_meetings
from web_portal.meetings.recording_routes import routes as recording_meetings
from web_portal.meetings.routes import routes as meetings
from web_portal.meetings.sending_again_routes import routes as sending_again
from web_portal.peps.creating import routes as creating
from web_portal.peps.page_routes import routes as pep_pages
from web_portal.peps.routes import routes as peps
from web_portal.peps.sign_off_routes import routes as signing_off
from web_portal.peps.target_routes import routes as targets
from web_portal.quality.routes import routes as quality
from web_portal.services import Services
from web_portal.settings import PortalSettings
from web_portal.web.body_limit import BodyLimitMiddleware
from web_portal.web.csrf import OriginMiddleware, genuine
from web_portal.web.drafts import routes as drafts
from web_portal.web.errors import RecoveryMiddleware, install_errors
from web_portal.web.headers import HeadersMiddleware, content_security_policy, script_hashes
from web_portal.web.health import routes as health
from web_portal.web.hosts import HostMiddleware, hosts_of
from web_portal.web.keys import Keys
from web_portal.web.language import languages
from web_portal.web.language_middleware import LanguageMiddleware
from web_portal.web.portal import Portal
from web_portal.web.rendering import environment, error_pages, inline_script
from web_portal.web.session_middleware import SessionMiddleware
from web_portal.web.sessions import PostgresSessions

log = structlog.get_logger()
PACKAGE = Path(__file__).parent
ROUTES = (
    logging_in,
    declaring,
    second_factor,
    registering,
    forgetting,
    mailed_links,
    administration,
    access_requests,
    carers,
    leavers,
    accounts,
    covers,
    allocations,
    child_access,
    delegating,
    account,
    account_asking,
    account_details,
    account_factors,
    account_notifications,
    account_sessions,
    home,
    children,
    creating,
    peps,
    pep_pages,
    targets,
    signing_off,
    meetings,
    recording_meetings,
    changing_meetings,
    sending_again,
    quality,
    board,
    invitations,
    messages,
    invitation_links,
    importing,
    information,
    choosing_language,
    drafts,
)
CALLS = httpx.Limits(keepalive_expiry=KEEP_ALIVE_SECONDS / 3)
"""Connections to services, given up long before a service closes them."""
STREAMS = httpx.Limits(max_connections=500, max_keepalive_connections=0)
STREAM_SILENCE_SECONDS = 40.0  # services give a sign of life every fifteen
NOT_TRACED = ",".join(
    (
        "livez,readyz,static,board/stream",
        "invitations/answer/,register/confirm/,forgotten-password/,welcome/",
        "account/email/confirm/,not-me/",
    )
)
"""Addresses kept out of traces: noise, what never ends, and those that carry a mailed secret."""


def now() -> datetime:
    """Return the present instant."""
    return datetime.now(UTC)


def create_app(portal: Portal) -> FastAPI:
    """Build the application around its parts, without starting anything."""
    app = FastAPI(title="ePEP", docs_url=None, redoc_url=None, openapi_url=None)
    app.state.portal = portal
    app.include_router(health)
    for router in ROUTES:
        app.include_router(router, dependencies=[Depends(genuine)])
    app.mount("/static", StaticFiles(directory=PACKAGE / "static"), name="static")
    install_errors(app)
    policy = content_security_policy(script_hashes(inline_script(portal.templates)))
    app.add_middleware(OriginMiddleware)
    app.add_middleware(SessionMiddleware, store=portal.store, clock=portal.clock)
    app.add_middleware(BodyLimitMiddleware)
    app.add_middleware(RecoveryMiddleware, pages=error_pages(portal.templates, portal.languages))
    app.add_middleware(LanguageMiddleware, languages=portal.languages)
    app.add_middleware(HostMiddleware, hosts=portal.hosts)
    app.add_middleware(HeadersMiddleware, policy=policy)
    return app


@asynccontextmanager
async def open_portal(settings: PortalSettings) -> AsyncIterator[Portal]:
    """Open the database and the connections to the services; close them at the end."""
    keys = Keys(settings.key)
    url = settings.database_url.get_secret_value()
    pool = await when_there(lambda: open_pool(url, settings.pool_size))
    timeout = httpx.Timeout(settings.service_timeout_seconds)
    streaming = httpx.Timeout(settings.service_timeout_seconds, read=STREAM_SILENCE_SECONDS)
    try:
        async with (
            httpx.AsyncClient(timeout=timeout, limits=CALLS) as http,
            httpx.AsyncClient(timeout=streaming, limits=STREAMS) as streams,
        ):
            yield Portal(
                keys=keys,
                store=PostgresSessions(pool, keys, settings.session_idle, settings.session_longest),
                services=Services(http, settings.addresses, now, streams),
                templates=environment(),
                clock=now,
                idle=settings.session_idle,
                hosts=hosts_of(settings.portal_url, settings.more_hosts),
                languages=languages(settings.portal_languages),
            )
    finally:
        await pool.close()


async def run(settings: PortalSettings) -> None:
    """Serve until SIGTERM or SIGINT, then finish what is under way within ten seconds."""
    async with open_portal(settings) as portal:
        app = create_app(portal)
        FastAPIInstrumentor.instrument_app(
            app, server_request_hook=without_query, excluded_urls=NOT_TRACED
        )
        config: Mapping[str, Any] = {
            "host": settings.http_host,
            "port": settings.http_port,
            "log_config": None,
            "access_log": False,
            "server_header": False,
            "timeout_graceful_shutdown": 8,
            "timeout_keep_alive": KEEP_ALIVE_SECONDS,
        }
        log.info("started", port=settings.http_port)
        await uvicorn.Server(uvicorn.Config(app, **config)).serve()
    log.info("stopped")


def run_forever(settings: PortalSettings) -> None:
    """Run the portal on uvloop until it is told to stop."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(run(settings))


async def bring_up_to_date(settings: PortalSettings) -> list[str]:
    """Apply the migrations that the portal's database does not have; return their names."""
    migrations = find("web-portal", PACKAGE / "migrations")
    return await migrate(settings.database_url.get_secret_value(), migrations)
