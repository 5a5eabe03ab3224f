"""The stream application: folds events into one value a stream, in a table that Kafka keeps.

Each worker holds some partitions of the topics, and for these the values of their streams. The
table's changelog holds the newest value of every stream, so a worker that takes a partition over
reads them from there. An event is done with once Kafka has its value, and not before: a worker
that is killed at any moment leaves work undone, never lost, and work done twice changes nothing
(`facts.merge`).
"""

import asyncio
import contextlib
import logging
import tempfile
import time
from collections.abc import Mapping
from typing import Any

import faust
import orjson
import structlog

from epep_runtime.broker import Broker
from epep_runtime.waiting import told_to_end
from qa_service.live_board.facts import TELLING, Said, Value, merge
from qa_service.live_board.follower import where_and_what
from qa_service.live_board.in_order import InOrder
from qa_service.live_board.names import TABLE, group, sources
from qa_service.live_board.topic import make_changelog
from qa_service.settings import QASettings

log = structlog.get_logger()
LOOK_SECONDS = 0.5
PAUSE_SECONDS = 2.0
AGAIN_SECONDS = 1.0
STOP_SECONDS = 6.0
STILL_SECONDS = 20.0
"""For so long a worker may be behind and not move; then it is begun anew."""


def credentials(broker: Broker) -> faust.SASLCredentials | faust.SSLCredentials | None:
    """Return TLS and log-in as faust wants to be told of them. Raises BrokerError."""
    context = broker.tls()
    if broker.logs_in and broker.password:
        return faust.SASLCredentials(
            mechanism=broker.mechanism,
            username=broker.username,
            password=broker.password.get_secret_value(),
            ssl_context=context,
        )
    return faust.SSLCredentials(context) if context else None


def stream_application(settings: QASettings, partitions: int, folder: str) -> faust.App:
    """Return a faust application that is not started, without a web server or topics of its own."""
    for talkative in ("faust", "mode"):
        logging.getLogger(talkative).setLevel(logging.WARNING)
    broker = settings.broker()
    return faust.App(
        group(settings),
        broker=[f"aiokafka://{each.strip()}" for each in broker.bootstrap.split(",")],
        broker_credentials=credentials(broker),
        key_serializer="raw",
        value_serializer="raw",
        store="memory://",
        datadir=folder,
        topic_partitions=partitions,
        topic_allow_declare=False,
        topic_disable_leader=True,
        table_standby_replicas=0,
        web_enabled=False,
        consumer_auto_offset_reset="earliest",
        broker_session_timeout=6.0,
        broker_heartbeat_interval=2.0,
        broker_rebalance_timeout=10.0,
        broker_commit_interval=1.0,
        stream_wait_empty=False,
        stream_recovery_delay=0.0,
    )


class Counting:
    """One life of the stream application within this process."""

    def __init__(self, settings: QASettings, partitions: int, folder: str) -> None:
        self.app = stream_application(settings, partitions, folder)
        self._sources = frozenset(sources(settings))
        self._streams = self.app.Table(
            TABLE,
            partitions=partitions,
            key_type=bytes,
            value_type=bytes,
        )
        topics = self.app.topic(
            *sources(settings),
            key_type=bytes,
            value_type=bytes,
        )
        self.app.agent(topics, name="board")(self._count)
        self.unreadable = 0
        self.taken = 0
        self._events = InOrder()
        self._streams.on_recover(self._begin_partitions)

    async def _count(self, stream: Any) -> None:
        """Take events until told to stop; what is to be kept is acknowledged once it is."""
        async for event in stream.noack().events():
            self._events.take(event)
            self.taken += 1
            value = self._with(event)
            if value is None:
                self._events.finish(event)
            else:
                self._keep(event, value)

    def _with(self, event: Any) -> bytes | None:
        """Return the stream's value with this event, or None where the event changes nothing."""
        headers = dict(event.message.headers or ())
        telling = TELLING.get(headers.get("ce_type", b"").decode())
        if telling is None:
            return None
        known: Value = orjson.loads(self._streams.data.get(event.message.key) or b"{}")
        try:
            if event.message.key is None:
                raise KeyError("key")  # a compacted topic takes no value without one
            value = merge(known, telling(_said(headers, event.message.value)), _version(headers))
        except (KeyError, ValueError, TypeError) as error:
            self._note_unreadable(headers, error)
            return None
        return None if value is known else orjson.dumps(value)

    def _note_unreadable(self, headers: Mapping[str, bytes], error: Exception) -> None:
        self.unreadable += 1
        log.error(
            "the board cannot read an event",
            type=headers.get("ce_type", b"?").decode(),
            stream=headers.get("ce_subject", b"?").decode(),
            error=type(error).__name__,
        )

    def _keep(self, event: Any, value: bytes) -> None:
        self._streams.data[event.message.key] = value
        self._send(event)

    def _send(self, event: Any) -> None:
        """Send the value to the changelog as it is by now, until Kafka has it."""
        key, partition = event.message.key, event.message.partition
        value = self._streams.data.get(key)
        if value is None:  # the partition was lost meanwhile: whoever has it reads the event again
            return
        sent = self._streams.send_changelog(partition, key, value)

        def kept(done: Any) -> None:
            if done.cancelled():
                return
            if done.exception() is None:
                self._events.finish(event)
            elif not self.app.should_stop:
                asyncio.get_running_loop().call_later(AGAIN_SECONDS, self._send, event)

        sent.add_done_callback(kept)

    async def _begin_partitions(self) -> None:
        """After each handing out of partitions, before faust seeks to what was committed.

        It seeks nowhere where nothing was committed yet, and would go on after a batch that it
        threw away when the partitions were handed out: such a partition is read from its start.
        """
        self._events.forget()
        consumer = self.app.consumer
        for where in consumer.assignment():
            if where.topic in self._sources:
                await consumer.seek(where, 0)

    @property
    def held(self) -> int:
        """Return how many source partitions are this worker's."""
        assignment = self.app.consumer.assignment()
        return sum(each.topic in self._sources for each in assignment)

    @property
    def behind(self) -> int:
        """Return how many events of its partitions are known to wait."""
        assignment, ends = self.app.consumer.assignment(), self.app.monitor.tp_end_offsets
        places = self._events.places
        return sum(
            max(0, ends.get(where, 0) - place)
            for where, place in places.items()
            if where in assignment
        )


def _said(headers: Mapping[str, bytes], value: bytes) -> Said:
    authority = headers.get("ce_authority")
    data = orjson.loads(value)
    return Said(data, authority.decode() if authority else None, headers["ce_time"].decode())


def _version(headers: Mapping[str, bytes]) -> int:
    return int(headers["ce_streamversion"])


class StandsStillError(Exception):
    """The worker is behind and takes nothing: faust waits for what does not come."""


class StandingStill:
    """Notices a worker that is behind and does not move."""

    def __init__(self) -> None:
        self._last: tuple[int, int] | None = None
        self._since = 0.0

    def look(self, behind: int, taken: int, now: float) -> None:
        """Look again. Raises StandsStillError when nothing has moved for too long."""
        here = (behind, taken)
        if behind == 0 or here != self._last:
            self._last, self._since = here, now
        elif now - self._since >= STILL_SECONDS:
            raise StandsStillError


class BoardWorker:
    """Keeps the stream application alive: one that crashed is put away and begun anew."""

    def __init__(self, settings: QASettings) -> None:
        self._settings = settings
        self._counting: Counting | None = None
        self._behind_since: float | None = None
        self.trouble: str | None = None

    async def run(self) -> None:
        """Count until cancelled; Kafka's client swallows that while it closes."""
        while not told_to_end():
            try:
                await self._live()
            except Exception as error:  # whatever broke it: the table begins again where it was
                self.trouble = type(error).__name__
                why = await self._settings.broker().refusal(error)
                self.trouble = why.removesuffix(".") if why else self.trouble
                what = where_and_what(error)
                log.warning("the board's worker will begin again", error=what, why=why)
            await asyncio.sleep(PAUSE_SECONDS)

    async def _live(self) -> None:
        partitions = await make_changelog(self._settings)
        with tempfile.TemporaryDirectory(prefix="epep-board-") as folder:
            counting = Counting(self._settings, partitions, folder)
            try:
                await counting.app.start()
                self._counting, self.trouble = counting, None
                still = StandingStill()
                while not counting.app.should_stop:
                    await asyncio.sleep(LOOK_SECONDS)
                    still.look(counting.behind, counting.taken, time.monotonic())
                raise counting.app.crash_reason or RuntimeError("it stopped by itself")
            finally:
                self._counting = None
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(counting.app.stop(), STOP_SECONDS)

    @property
    def behind(self) -> int:
        """Return how many events of this worker's partitions are known to wait."""
        return self._counting.behind if self._counting else 0

    @property
    def unreadable(self) -> int:
        """Return how many events it could not read since it began."""
        return self._counting.unreadable if self._counting else 0

    def lag(self) -> dict[str, Any]:
        """Return what readiness says of a subscription, for this one."""
        behind = self.behind
        if behind == 0:
            self._behind_since = None
        elif self._behind_since is None:
            self._behind_since = time.monotonic()
        since = self._behind_since
        return {
            "name": "board",
            "assigned": self._counting.held if self._counting else 0,
            "lag_events": behind,
            "lag_seconds": 0.0 if since is None else round(time.monotonic() - since, 1),
            "trouble": self.trouble,
            "parked_streams": 0,
        }
