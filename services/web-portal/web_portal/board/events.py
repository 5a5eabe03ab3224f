"""Server-sent events: read from a service, written to a browser."""

from collections.abc import AsyncIterator
from dataclasses import dataclass


@dataclass
class Sent:
    """One event. `retry` is set, in milliseconds, where it only says when to come back."""

    name: str = ""
    data: str = ""
    identity: str | None = None
    retry: str = ""

    def take(self, line: str) -> None:
        """Add one line of the stream to it."""
        field, _, value = line.partition(": ")
        if field == "event":
            self.name = value
        elif field == "data":
            self.data = f"{self.data}\n{value}" if self.data else value
        elif field == "id":
            self.identity = value
        elif field == "retry":
            self.retry = value


async def events_of(lines: AsyncIterator[str]) -> AsyncIterator[Sent]:
    """Yield the events of a stream as their last line comes in."""
    event = Sent()
    async for line in lines:
        if line:
            event.take(line)
        elif event != Sent():
            yield event
            event = Sent()


def as_event(name: str, data: str, identity: str | None = None) -> bytes:
    """Return one event; each line of `data` becomes a line of its own."""
    first = f"id: {identity}\n" if identity else ""
    body = "".join(f"data: {line}\n" for line in data.splitlines())
    return f"{first}event: {name}\n{body}\n".encode()
