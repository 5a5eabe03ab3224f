from __future__ import annotations

import asyncio

import pytest
import uvloop
from aiokafka.errors import KafkaConnectionError

from epep_runtime.kafka_faults import lost_as_kafka_error


async def _write_to_a_closed_connection() -> None:
    server = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.transport.abort()
        await asyncio.sleep(0)
        while True:  # Kafka's client writes at any moment: also when uvloop has closed its side
            with lost_as_kafka_error():
                writer.write(b"heartbeat")
            await asyncio.sleep(0.001)


def test_a_connection_that_uvloop_has_closed_is_a_broker_gone_away() -> None:
    with (
        asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
        pytest.raises(KafkaConnectionError),
    ):
        runner.run(asyncio.wait_for(_write_to_a_closed_connection(), 10))


def test_a_defect_stays_a_defect() -> None:
    with pytest.raises(RuntimeError, match="dictionary changed"), lost_as_kafka_error():
        raise RuntimeError("dictionary changed size during iteration")
