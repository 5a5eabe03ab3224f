"""A mail server that takes a message and breaks off before it has said that it took it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from epep_local.system import System


class BreaksOff:
    """Hangs up on mail to one address when all of it is there; puts every other mail off."""

    def __init__(self, address: str) -> None:
        self.address, self.handed_over = address, 0

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: Any
    ) -> str:
        """Take the one recipient."""
        if address != self.address:
            return "451 Try again later"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, _session: Session, _envelope: Envelope
    ) -> str:
        """Hang up."""
        self.handed_over += 1
        transport: Any = server.transport
        transport.abort()
        return "250 OK"


@contextmanager
def breaking_off(system: System, address: str) -> Iterator[BreaksOff]:
    """Put such a server in the mailbox's place, which comes back with all that it held."""
    backends, receiver = system.backends, BreaksOff(address)
    server = Controller(receiver, hostname=backends.smtp_host, port=backends.smtp_port)
    backends.switches["mailbox"].stop()
    try:
        server.start()
        try:
            yield receiver
        finally:
            server.stop()
    finally:
        backends.switches["mailbox"].start()
