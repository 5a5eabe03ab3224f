"""The worker of one process: several connections to the mail server, fed from the outbox."""

import asyncio
import contextlib
import secrets
import time

import structlog

from epep_runtime.postgres import Connection
from epep_runtime.service import Running
from epep_runtime.telemetry import context_of, tracer
from notification_service.mails.rendering import MailWriter
from notification_service.outbox.delivery import Delivery
from notification_service.outbox.outbox import FAULTS, Item, claim
from notification_service.outbox.postman import LaterError, Postman
from notification_service.outbox.sweeping import sweep
from notification_service.sealing.keyring import Keyring
from notification_service.settings import settings_of

log = structlog.get_logger()
IDLE_SECONDS = 0.2
SWEEP_SECONDS = 15.0
UNREACHABLE_SECONDS = 1.0
DRAIN_SECONDS = 7.0
FAULT_PATIENCE_SECONDS = 60.0


async def post_mail(running: Running) -> None:
    """Mail what is due until cancelled; after a fault of the database, go on."""
    settings = settings_of(running)
    keyring = Keyring(running.pool, settings.secret)
    delivery = Delivery(running.pool, running.store, MailWriter.for_settings(settings), keyring)
    while True:
        try:
            async with running.pool.acquire() as lock:
                await PostOffice(running, delivery, lock).work()
        except FAULTS as error:
            log.warning("mail worker interrupted, will go on", error=type(error).__name__)
            await asyncio.sleep(UNREACHABLE_SECONDS)


class PostOffice:
    """Some senders that claim mails in turn, over the connection that shows they are alive.

    The connection holds the advisory lock of a number that stands beside each mail claimed. When
    process or connection dies, PostgreSQL frees the lock and any other worker may sweep up.
    """

    def __init__(self, running: Running, delivery: Delivery, lock: Connection) -> None:
        self._running, self._delivery, self._lock = running, delivery, lock
        self._number = secrets.randbits(62)
        self._turn = asyncio.Lock()
        self._handing_over: set[asyncio.Task[None] | None] = set()
        self._closing = False
        self._swept = float("-inf")

    async def work(self) -> None:
        """Send until cancelled or a fault; mails that are being handed over are finished first."""
        await self._lock.execute("SELECT pg_advisory_lock($1)", self._number)
        count = settings_of(self._running).mail_connections
        senders = [asyncio.create_task(self._send()) for _ in range(count)]
        patience = FAULT_PATIENCE_SECONDS
        try:
            done, _ = await asyncio.wait(senders, return_when=asyncio.FIRST_COMPLETED)
            for each in done:
                each.result()
        except asyncio.CancelledError:
            patience = DRAIN_SECONDS
            raise
        finally:
            await self._close(senders, patience)

    async def _close(self, senders: list[asyncio.Task[None]], patience: float) -> None:
        self._closing = True
        for sender in senders:
            if sender not in self._handing_over:
                sender.cancel()
        try:
            await asyncio.wait(senders, timeout=patience)
        finally:
            for sender in senders:
                sender.cancel()
            await asyncio.gather(*senders, return_exceptions=True)
            with contextlib.suppress(*FAULTS):
                await self._lock.execute("SELECT pg_advisory_unlock($1)", self._number)

    async def _send(self) -> None:
        postman = Postman(settings_of(self._running))
        me = asyncio.current_task()
        try:
            while not self._closing:
                item = await self._next()
                try:
                    await self._deliver(item, postman)
                except LaterError:
                    await asyncio.sleep(UNREACHABLE_SECONDS)
                finally:
                    self._handing_over.discard(me)
        finally:
            with contextlib.suppress(asyncio.CancelledError):
                await postman.close()

    async def _deliver(self, item: Item, postman: Postman) -> None:
        me = asyncio.current_task()
        context = context_of(item.traceparent)
        with tracer.start_as_current_span(f"mail {item.facts.kind}", context=context):
            await self._delivery.deliver(item, postman, lambda: self._handing_over.add(me))

    async def _next(self) -> Item:
        """Wait for a mail; one sender at a time looks, so an idle worker asks little."""
        async with self._turn:
            while True:
                await self._sweep_now_and_then()
                item = await claim(self._lock, self._number, self._running.store.clock())
                if item is not None:
                    return item
                await asyncio.sleep(IDLE_SECONDS)

    async def _sweep_now_and_then(self) -> None:
        if time.monotonic() - self._swept >= SWEEP_SECONDS:
            self._swept = time.monotonic()
            domain = settings_of(self._running).mail_domain
            await sweep(self._running.pool, self._running.store, domain, self._number)
