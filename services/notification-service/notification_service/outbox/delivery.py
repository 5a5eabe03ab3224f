"""One try at one mail, from the claim to what became of it."""

import asyncio
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

import structlog
from joserfc.errors import JoseError

from epep_runtime.event_store import EventStore
from epep_runtime.postgres import Pool
from notification_service.mails.rendering import MailWriter, UnsendableError
from notification_service.notifications.delivering import Outcome, failed, held, sent, unmailed
from notification_service.notifications.notification import message_id
from notification_service.outbox.addressing import ABOUT_WORK, at_present
from notification_service.outbox.doubles import doubles
from notification_service.outbox.outbox import (
    FAULTS,
    Item,
    Settled,
    begin_handing_over,
    put_back,
    settle,
)
from notification_service.outbox.postman import (
    LaterError,
    Postman,
    RefusedError,
    UncertainError,
)
from notification_service.outbox.switched_off import is_switched_off
from notification_service.sealing.keyring import Keyring

log = structlog.get_logger()
KEEP_TRYING_SECONDS, KEEP_TRYING_STEP = 45.0, 0.5
GIVE_UP_AFTER = timedelta(hours=48)
LONGEST_WAIT = timedelta(minutes=15)
LONGEST_WAIT_FOR_CODES = timedelta(seconds=20)
EXPIRED = "The code ran out before the mail could be sent."
SEALED = "What was sealed into this mail cannot be opened."


def wait_before(tries: int, first_seconds: float, longest: timedelta, luck: float) -> timedelta:
    """Return how long to wait after so many tries: doubling, at most `longest`, ±25 % by `luck`.

    `luck` is from 0 to 1; it spreads the mails of an outage out, so that they don't return as one.
    """
    doubled = first_seconds * 2 ** min(tries - 1, 20)
    return timedelta(seconds=min(doubled, longest.total_seconds()) * (0.75 + luck / 2))


@dataclass(frozen=True, slots=True)
class Delivery:
    """What it takes to deliver a mail."""

    pool: Pool
    store: EventStore
    writer: MailWriter
    keyring: Keyring

    async def deliver(self, item: Item, postman: Postman, handing_over: Callable[[], None]) -> None:
        """Try once. `handing_over` is called when there is no way back.

        Raises LaterError, after the mail was put back, when the server cannot be reached at all.
        """
        if self._too_late(item):
            await self._fail(item, EXPIRED)
            return
        item = await at_present(self.pool, item)
        if await self._is_double(item) or await is_switched_off(self.pool, self.store, item):
            await self._settle(item, "unmailed", unmailed, claimed_by=item.worker)
            return
        try:
            content = await self._written(item)
            await postman.announce(item.email)
        except (UnsendableError, RefusedError) as error:
            await self._fail(item, str(error))
        except LaterError as error:
            await self._later(item, error)
            if error.unreachable:
                raise
        else:
            handing_over()
            if await begin_handing_over(self.pool, item):
                await self._hand_over(item, postman, content)
            else:
                await postman.forget()

    async def _is_double(self, item: Item) -> bool:
        if item.account_id is None or item.facts.kind not in ABOUT_WORK:
            return False
        async with self.pool.acquire() as connection:
            own = [item.notification_id]
            return bool(await doubles(connection, self.store, own, item.account_id))

    def _too_late(self, item: Item) -> bool:
        until = item.facts.expires_at
        return until is not None and until <= self.store.clock()

    async def _written(self, item: Item) -> bytes:
        sealed, other = item.facts.sealed, item.facts.sealed_not_me
        try:
            secret = await self.keyring.open(sealed) if sealed else None
            not_me = await self.keyring.open(other) if other else None
        except (JoseError, ValueError) as error:
            raise UnsendableError(SEALED) from error
        now, facts = self.store.clock(), item.facts
        return self.writer.write(item.notification_id, item.email, facts, secret, now, not_me)

    async def _hand_over(self, item: Item, postman: Postman, content: bytes) -> None:
        own = message_id(item.notification_id, self.writer.settings.mail_domain)
        try:
            await postman.hand_over(content)
        except RefusedError as error:
            await self._fail(item, str(error))
        except LaterError as error:
            await self._later(item, error)
        except UncertainError:
            await self._settle(item, "uncertain", held(own, item.reached))
        else:
            await self._settle(item, "sent", sent(own, item.reached))

    async def _fail(self, item: Item, why: str) -> None:
        log.info("mail failed", notification=str(item.notification_id), kind=item.facts.kind)
        await self._settle(item, "failed", failed(why, item.reached))

    async def _settle(
        self, item: Item, state: Settled, decide: Outcome, claimed_by: int | None = None
    ) -> None:
        """Keep what is known, through a restart of the database too; forgotten, it were held."""
        until = time.monotonic() + KEEP_TRYING_SECONDS
        while True:
            try:
                await settle(
                    self.pool,
                    self.store,
                    item.notification_id,
                    state,
                    decide,
                    claimed_by=claimed_by,
                )
            except FAULTS:
                if time.monotonic() >= until:
                    raise
                await asyncio.sleep(KEEP_TRYING_STEP)
            else:
                return

    async def _later(self, item: Item, error: LaterError) -> None:
        now = self.store.clock()
        if now - item.put_out_at >= GIVE_UP_AFTER:
            await self._fail(item, f"{error} It was tried for two days.")
            return
        codes = item.facts.kind == "login_code"
        longest = LONGEST_WAIT_FOR_CODES if codes else LONGEST_WAIT
        first = self.writer.settings.mail_retry_seconds
        delay = wait_before(item.tries, first, longest, random.random())  # noqa: S311
        log.info("mail put off", notification=str(item.notification_id), tries=item.tries)
        await put_back(self.pool, item, delay, now)
