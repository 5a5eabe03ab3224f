"""See once an hour whether it is time for the next signing key."""

import asyncio

import structlog

from epep_runtime.postgres import DATABASE_FAULTS
from epep_runtime.service import Running
from identity_service.parts import Identity

log = structlog.get_logger()
EVERY_SECONDS = 3600.0


async def rotate_keys(running: Running) -> None:
    """Make the next key in time, until cancelled; a database that is away is tried again."""
    while True:
        try:
            await running.part(Identity).signing_keys.ensure()
        except DATABASE_FAULTS as error:
            log.warning("keys not looked after, will try again", error=type(error).__name__)
        await asyncio.sleep(EVERY_SECONDS)
