"""`python -m <service> run|migrate|rebuild|parked|republish|seal|…`: what operators can ask for."""

import argparse
import asyncio
import os
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import orjson
import structlog
import uvicorn
import uvloop
from fastapi import FastAPI

from epep_runtime.broker import BrokerError
from epep_runtime.http import openapi_of
from epep_runtime.keep_alive import KEEP_ALIVE_SECONDS
from epep_runtime.migrations import migrate
from epep_runtime.operating import add_commands, run_parked, run_rebuild, run_republish
from epep_runtime.postgres_keyring import keyring_migrations
from epep_runtime.proof.commands import COMMANDS, add_proof_commands, run_proof
from epep_runtime.service import Service, running
from epep_runtime.settings import Settings
from epep_runtime.telemetry import start_telemetry

log = structlog.get_logger()
REACHING_KAFKA = {"run", "rebuild", "republish"}


def _arguments(service: Service, argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(f"{service.name}-service", description=service.description)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("run", help="run the parts that EPEP_ROLES names, until SIGTERM")
    commands.add_parser("migrate", help="bring the database's tables up to date")
    commands.add_parser("openapi", help="print the OpenAPI document")
    add_commands(commands, (each.name for each in service.all_projectors()))
    add_proof_commands(commands)
    return parser.parse_args(argv)


def main(service: Service, argv: Sequence[str] | None = None) -> int:
    """Run one command of the service's command line and return the exit status."""
    arguments = _arguments(service, argv)
    if arguments.command == "openapi":
        sys.stdout.buffer.write(
            orjson.dumps(
                openapi_of(service.app()), option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS
            )
        )
        return 0
    # Proof needs the log and nothing else that the service is told: an auditor has only a database.
    settings = Settings() if arguments.command in COMMANDS else service.settings()
    start_telemetry(service.name, settings.log_level, os.environ.get("OTEL_EXPORTER_OTLP_ENDPOINT"))
    if arguments.command in REACHING_KAFKA and (misfit := _misfit(settings)):
        print(misfit, file=sys.stderr)  # noqa: T201
        return 2
    url = settings.database_url.get_secret_value()
    if arguments.command == "migrate":
        asyncio.run(migrate(url, service.all_migrations()))
        asyncio.run(migrate(settings.keyring_address(), keyring_migrations()))
    elif arguments.command == "rebuild":
        projector = next(p for p in service.all_projectors() if p.name == arguments.read_model)
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            return runner.run(run_rebuild(service.name, settings, projector, arguments))
    elif arguments.command == "parked":
        return asyncio.run(run_parked(service.name, settings, arguments))
    elif arguments.command == "republish":
        return asyncio.run(run_republish(service.name, settings))
    elif arguments.command in COMMANDS:
        projectors, migrations = service.all_projectors(), service.all_migrations()
        return asyncio.run(run_proof(service.name, settings, migrations, projectors, arguments))
    else:
        serve(service.app(), service, settings)
    return 0


def _misfit(settings: Settings) -> str | None:
    """Return what is wrong with how Kafka is to be reached, in a sentence."""
    try:
        settings.broker().options()
    except BrokerError as error:
        return str(error)
    return None


def serve(app: FastAPI, service: Service, settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT, then drain within ten seconds."""

    @asynccontextmanager
    async def lifespan(application: FastAPI) -> AsyncIterator[None]:
        async with running(service, settings) as process:
            application.state.running = process
            log.info("started", roles=settings.roles, port=settings.http_port)
            yield
        log.info("stopped")

    app.router.lifespan_context = lifespan
    config = uvicorn.Config(
        app,
        host=settings.http_host,
        port=settings.http_port,
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,  # who asks is the peer, unless a service's own setting says otherwise
        timeout_graceful_shutdown=5,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
    )
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(uvicorn.Server(config).serve())
