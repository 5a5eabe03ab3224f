"""Servers of a test's own, which it may kill: nobody else uses them."""

import asyncio
from typing import Any

import psutil

from epep_local.backends import Server
from epep_local.processes import Launch, Running


class Mortal:
    """A real Kafka or PostgreSQL that can be ended as `kill -9` does, and come back."""

    def __init__(self, server: Any) -> None:
        self.server: Server = server
        self.running: Running | None = None

    async def start(self) -> None:
        """Bring it up, with all that it kept, and wait until it answers."""
        self.running = self.server.launch(Launch(tethered=True))
        await asyncio.to_thread(self.server.await_ready, self.running)

    async def kill(self) -> None:
        """End it and its children at once; return when none is left."""
        running, self.running = self.running, None
        if running is None:
            return
        children = psutil.Process(running.pid).children(recursive=True)
        await asyncio.to_thread(running.kill)
        for child in children:
            try:
                child.kill()
            except psutil.NoSuchProcess:
                continue
        await asyncio.to_thread(psutil.wait_procs, children, 20)
