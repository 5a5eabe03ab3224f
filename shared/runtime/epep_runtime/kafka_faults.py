"""A broker that goes away shows as one kind of error, whatever loop the process runs in."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress

from aiokafka.errors import KafkaConnectionError, KafkaError

CLOSED = "the handler is closed"


@contextmanager
def lost_as_kafka_error() -> Iterator[None]:
    """Raise KafkaConnectionError where uvloop raises RuntimeError for a connection just closed.

    asyncio drops what is written to it; uvloop refuses, and Kafka's client lets that through. It
    looks like a defect of ours, and would end the process.
    """
    try:
        yield
    except RuntimeError as error:
        if CLOSED not in str(error):
            raise
        raise KafkaConnectionError("the connection to the broker was lost") from error


@contextmanager
def if_the_broker_is_there() -> Iterator[None]:
    """Do what can be left out where the broker is away, as closing or telling it something."""
    with suppress(KafkaError), lost_as_kafka_error():
        yield
