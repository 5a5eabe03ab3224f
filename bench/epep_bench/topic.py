"""A topic full of history, as a relay would have sent it."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.partitioner import DefaultPartitioner

from epep_bench.history import Said
from epep_bench.keyrings import document_of, keys_of
from epep_events.cloudevents import headers_of
from epep_events.sealed_fields import Keys
from epep_runtime.keyring import Keyring

MOST_BYTES = 900_000
AT_ONCE = 50


def some(histories: Iterable[list[Said]], count: int = AT_ONCE) -> Iterator[list[list[Said]]]:
    """Yield so many histories at a time."""
    waiting = iter(histories)
    while found := list(islice(waiting, count)):
        yield found


async def fill(bootstrap: str, topic: str, ring: Keyring, histories: Iterable[list[Said]]) -> int:
    """Publish these histories and return how many events they are."""
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, max_batch_size=MOST_BYTES)
    await producer.start()
    publication = 0
    try:
        for batch in some(histories):
            keys = await keys_of(ring, batch)
            publication = await _send(producer, topic, batch, keys, publication)
    finally:
        await producer.stop()
    return publication


async def _send(
    producer: AIOKafkaProducer,
    topic: str,
    batch: list[list[Said]],
    keys: Keys,
    publication: int,
) -> int:
    partitions = sorted(await producer.partitions_for(topic))
    partitioner, waiting = DefaultPartitioner(), []
    builders: dict[int, Any] = {}
    for said in (said for each in batch for said in each):
        publication += 1
        key, value = said.meta.stream_id.encode(), document_of(said, keys)
        where = partitioner(key, partitions, partitions)
        headers = headers_of(said.meta, publication)
        builder = builders.setdefault(where, producer.create_batch())
        if builder.append(key=key, value=value, timestamp=None, headers=headers) is None:
            waiting.append(await producer.send_batch(builder, topic, partition=where))
            builder = builders[where] = producer.create_batch()
            builder.append(key=key, value=value, timestamp=None, headers=headers)
    for where, builder in builders.items():
        waiting.append(await producer.send_batch(builder, topic, partition=where))
    for sent in waiting:
        await sent
    return publication
