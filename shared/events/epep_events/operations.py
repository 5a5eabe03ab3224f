"""What every context may say about its own machinery: what an operator did to it, and who.

They stand in the stream `operations` of the service's own log.
"""

from epep_events.base import Event


class ReadModelRebuilt(Event):
    """Said when a rebuilt read model takes the place of the live one, by the operator.

    `generation` counts the rebuilds of this read model; `events` is how many messages of its
    topics it has gone through.
    """

    read_model: str
    generation: int
    events: int


class ParkedStreamRetried(Event):
    """Said when an operator asks for another try of a stream that waits in a subscription.

    `stream` is the waiting stream's id, `error` the kind of error that parked it.
    """

    subscription: str
    topic: str
    stream: str
    error: str


class ParkedEventSkipped(Event):
    """Said when an operator takes the first waiting event of a stream out of a queue for good.

    `why` is the operator's reason, without personal data.
    """

    subscription: str
    topic: str
    stream: str
    publication: int
    event_type: str
    why: str


EVENTS: tuple[type[Event], ...] = (ReadModelRebuilt, ParkedStreamRetried, ParkedEventSkipped)
