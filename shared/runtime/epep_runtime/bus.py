"""The broker as this service knows it: where it is, and how topics and groups are named here."""

from dataclasses import dataclass

from aiokafka import AIOKafkaConsumer

from epep_runtime.broker import Broker

FETCH_MS = 200
FETCH_RECORDS = 500
FETCH_BYTES = 2**20
"""What one partition may give at once. Some of it waits in memory while a batch is handled."""


@dataclass(frozen=True, slots=True)
class Bus:
    """Where the events come from: the broker, and how topics and groups are named here."""

    broker: Broker
    prefix: str
    group: str

    def topic(self, context: str) -> str:
        """Return the name of a context's topic."""
        return f"{self.prefix}{context}"

    def member(self, of: str, fetch_bytes: int = FETCH_BYTES) -> AIOKafkaConsumer:
        """Return a consumer, not started, that shares partitions with others of its name here."""
        return AIOKafkaConsumer(
            **self.broker.options(),
            group_id=f"{self.prefix}{self.group}.{of}",
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            session_timeout_ms=10_000,
            heartbeat_interval_ms=2_000,
            max_partition_fetch_bytes=fetch_bytes,
        )

    def alone(self) -> AIOKafkaConsumer:
        """Return a consumer, not started, that reads the partitions it is told to."""
        return AIOKafkaConsumer(
            **self.broker.options(),
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            max_partition_fetch_bytes=FETCH_BYTES,
        )
