"""`python -m web_portal run|migrate`: what an operator can ask of the portal."""

import argparse
import asyncio
import os
import sys

from epep_runtime.telemetry import start_telemetry
from web_portal.main import bring_up_to_date, run_forever
from web_portal.settings import PortalSettings


def main() -> int:
    """Run one command and return the exit status."""
    parser = argparse.ArgumentParser("web-portal", description="The users' application.")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("run", help="serve pages until SIGTERM")
    commands.add_parser("migrate", help="bring the database's tables up to date")
    command = parser.parse_args().command
    settings = PortalSettings()
    endpoint = os.environ.get("OTEL_EXPORTER_OTLP_ENDPOINT")
    start_telemetry("web-portal", settings.log_level, endpoint)
    if command == "migrate":
        asyncio.run(bring_up_to_date(settings))
    else:
        run_forever(settings)
    return 0


if __name__ == "__main__":
    sys.exit(main())
