"""An HTTP client that costs next to nothing, so that it is the server that is measured."""

import asyncio
import contextlib
import time
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Reply:
    """A status, the headers in lower case, the body, and how many seconds it took."""

    status: int
    headers: dict[str, str]
    body: bytes
    seconds: float


class Connection:
    """One connection that is kept open. Answers must say their length, as ours all do.

    Raises OSError, EOFError. A server hangs up after some idle seconds: `renew` before each round.
    """

    def __init__(
        self, port: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._port, self._reader, self._writer = port, reader, writer

    @classmethod
    async def to(cls, port: int) -> "Connection":
        """Connect to a port of this machine."""
        return cls(port, *await asyncio.open_connection("127.0.0.1", port))

    async def renew(self) -> None:
        """Connect again."""
        await self.close()
        self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port)

    async def ask(
        self, method: str, path: str, headers: dict[str, str], body: bytes = b""
    ) -> Reply:
        """Send a request and read the whole answer."""
        head = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", f"Content-Length: {len(body)}"]
        head += [f"{name}: {value}" for name, value in headers.items()]
        begun = time.perf_counter()
        self._writer.write("\r\n".join([*head, "", ""]).encode() + body)
        raw = (await self._reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        found = {
            name.lower(): value for name, _, value in (line.partition(": ") for line in raw[1:])
        }
        content = await self._reader.readexactly(int(found["content-length"]))
        return Reply(int(raw[0].split()[1]), found, content, time.perf_counter() - begun)

    async def close(self) -> None:
        """Hang up."""
        self._writer.close()
        with contextlib.suppress(OSError):
            await self._writer.wait_closed()
