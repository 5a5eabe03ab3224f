"""The local mailbox as a process."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

from epep_local.mailbox import Mailbox
from epep_local.ports import accepts
from epep_local.processes import Launch, Running, await_ready


@dataclass(frozen=True)
class MailboxServer:
    """An SMTP server that keeps what it gets in `folder`, and its pages."""

    folder: Path
    log: Path
    smtp_port: int
    http_port: int

    @property
    def client(self) -> Mailbox:
        """For reading what it got."""
        return Mailbox(f"http://127.0.0.1:{self.http_port}")

    def launch(self, how: Launch) -> Running:
        """Start it without waiting. Raises LocalError."""
        command = [sys.executable, "-m", "epep_local.mailbox_server"]
        command += ["--smtp", str(self.smtp_port), "--http", str(self.http_port)]
        command += ["--folder", str(self.folder)]
        return how.start("mailbox", command, log=self.log, port=self.http_port)

    def await_ready(self, running: Running) -> None:
        """Wait until it takes mail and shows pages; LocalError if it never does."""
        await_ready(running, lambda: accepts(self.smtp_port) and accepts(self.http_port))
