"""The clerk: looks up what strangers asked for, after they have had their answer."""

from collections.abc import Awaitable, Callable, Mapping

import structlog

from epep_runtime.event_store import VersionConflictError
from epep_runtime.postgres import DATABASE_AWAY, DATABASE_FAULTS
from epep_runtime.sealing import NoSealingKeyError
from epep_runtime.service import Running
from epep_runtime.waiting import comes_within
from identity_service.asking.asks import Ask, Asks, Kind, back_off
from identity_service.emails.asking import look_up_email_change
from identity_service.parts import Identity
from identity_service.passwords.forgetting import look_up_forgotten_password
from identity_service.registrations.starting import look_up_registration
from identity_service.reminding import look_up_forgotten_email

log = structlog.get_logger()
LOOK_AGAIN_SECONDS = 1.0
MOST_TRIES = 50
LookUp = Callable[[Running, Ask], Awaitable[None]]
LOOK_UPS: Mapping[Kind, LookUp] = {
    "registration": look_up_registration,
    "forgotten_password": look_up_forgotten_password,
    "forgotten_email": look_up_forgotten_email,
    "email_change": look_up_email_change,
}


async def work(running: Running) -> None:
    """Look asks up as they come, until cancelled; a database that is away is waited for."""
    asks = running.part(Identity).asks
    while True:
        asks.written.clear()
        try:
            for ask in await asks.due(running.store.clock()):
                await _look_up(running, asks, ask)
        except DATABASE_FAULTS as error:
            log.warning("asks are not looked up for now", error=type(error).__name__)
        await comes_within(asks.written, LOOK_AGAIN_SECONDS)


async def _look_up(running: Running, asks: Asks, ask: Ask) -> None:
    try:
        await LOOK_UPS[ask.kind](running, ask)
    except DATABASE_AWAY:
        raise
    except Exception as error:  # whatever is wrong with this one, the next must have its turn
        expected = isinstance(error, (NoSealingKeyError, VersionConflictError))
        if ask.tries >= MOST_TRIES:
            log.error("an ask was given up", kind=ask.kind, error=type(error).__name__)
            await asks.drop(ask)
            return
        log.log(20 if expected else 40, "an ask is put off", kind=ask.kind, error=repr(error)[:80])
        await asks.put_off(ask, running.store.clock() + back_off(ask.tries))
