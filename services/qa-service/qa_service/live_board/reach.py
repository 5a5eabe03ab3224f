"""Up to which moment the board has counted: by asking, not by hoping.

Every few seconds this notes where the source topics end. Once the workers have committed that far,
and this process has read the changelog to its end after it, everything that was published until
then is in the numbers. Should no worker run, the moment stays where it was, and the page says so.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from epep_runtime.kafka_faults import lost_as_kafka_error
from epep_runtime.topic_ends import partitions_of
from epep_runtime.waiting import told_to_end
from qa_service.live_board.follower import Follower, where_and_what
from qa_service.live_board.names import changelog, group, sources
from qa_service.settings import QASettings

log = structlog.get_logger()
EVERY_SECONDS = 2.0
MOST_NOTES = 100
LATE = timedelta(seconds=30)
Ends = Mapping[TopicPartition, int]


class Reach:
    """`as_of` is the newest moment until which everything published is counted."""

    def __init__(
        self, settings: QASettings, follower: Follower, clock: Callable[[], datetime]
    ) -> None:
        self._settings, self._follower, self._clock = settings, follower, clock
        self._notes: deque[tuple[datetime, Ends]] = deque()
        self.as_of: datetime | None = None

    def is_late(self, moment: datetime | None) -> bool:
        """Tell whether a moment is too long ago, or not known, for numbers to be relied on."""
        return moment is None or self._clock() - moment > LATE

    async def run(self) -> None:
        """Look every two seconds until cancelled; Kafka's client swallows that while it closes."""
        while not told_to_end():
            try:
                with lost_as_kafka_error():
                    await self._watch()
            except Exception as error:  # a fault of the board's must not end the service
                log.debug("the board's reach is not known", error=where_and_what(error))
            await asyncio.sleep(EVERY_SECONDS)

    async def _watch(self) -> None:
        broker = self._settings.broker()
        admin = AIOKafkaAdminClient(**broker.options())
        consumer = AIOKafkaConsumer(**broker.options())
        try:
            await admin.start()
            await consumer.start()
            topics = [*sources(self._settings), changelog(self._settings)]
            every = await partitions_of(broker, topics)
            while True:
                await self._look(admin, consumer, every)
                await asyncio.sleep(EVERY_SECONDS)
        finally:
            await consumer.stop()
            await admin.close()

    async def _look(
        self, admin: AIOKafkaAdminClient, consumer: AIOKafkaConsumer, every: list[TopicPartition]
    ) -> None:
        moment, table = self._clock(), changelog(self._settings)
        answer = await admin.list_consumer_group_offsets(group(self._settings))
        ends: Ends = await consumer.end_offsets(every)
        followed = all(
            self._follower.places.get(where, -1) >= end
            for where, end in ends.items()
            if where.topic == table
        )
        committed = {where: found.offset for where, found in answer.items()}
        if len(self._notes) < MOST_NOTES:
            self._notes.append((moment, {w: e for w, e in ends.items() if w.topic != table}))
        while followed and self._notes and _reached(self._notes[0][1], committed):
            self.as_of = self._notes.popleft()[0]


def _reached(ends: Ends, committed: Ends) -> bool:
    return all(committed.get(where, 0) >= end for where, end in ends.items())
