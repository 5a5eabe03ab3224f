"""Password hashes: argon2id, off the event loop, a few at a time, after everything else."""

import asyncio
import contextlib
import os
import secrets
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError
from pydantic import SecretStr

from epep_runtime.language import _
from epep_runtime.problems import ProblemError
from identity_service.settings import IdentitySettings

T = TypeVar("T")
NICE = 10


class Passwords:
    """Hashes and checks passwords. Each takes tens of megabytes and about 90 ms of one core.

    Of a crowd that logs in at once a few are worked on and the rest wait, so that the other
    requests get their turn; beyond the queue's length the answer is 503. The threads that work
    are nicer than the rest of the process: where processors are short, requests go first.
    """

    def __init__(self, settings: IdentitySettings) -> None:
        self._hasher = PasswordHasher(
            time_cost=settings.password_passes,
            memory_cost=settings.password_memory_kib,
            parallelism=1,
            type=Type.ID,
        )
        self._threads = ThreadPoolExecutor(settings.password_threads, "passwords", _be_nice)
        self._most = settings.password_threads + settings.password_queue
        self._asked = 0
        # Checked when nobody has the address, so that the answer takes as long as for somebody.
        self._nobody = self._hasher.hash(secrets.token_urlsafe(32))

    async def hash(self, password: SecretStr) -> str:
        """Return a hash that says its own salt and cost. Raises ProblemError 503 when crowded."""
        return await self._in_turn(lambda: self._hasher.hash(password.get_secret_value()))

    async def is_right(self, password: SecretStr, stored: str | None) -> bool:
        """Tell whether the password is the one hashed; the same work where there is none.

        Raises ProblemError 503 when crowded.
        """
        return await self._in_turn(lambda: self._check(stored or self._nobody, password))

    def is_outdated(self, stored: str) -> bool:
        """Tell whether a hash was made at another cost than passwords are hashed at now."""
        return self._hasher.check_needs_rehash(stored)

    def _check(self, stored: str, password: SecretStr) -> bool:
        try:
            return self._hasher.verify(stored, password.get_secret_value())
        except (VerificationError, InvalidHashError):
            return False

    async def _in_turn(self, work: Callable[[], T]) -> T:
        if self._asked >= self._most:
            raise ProblemError(
                503,
                "unavailable",
                _("Too many people are logging in at once. Try again in a moment."),
                headers={"Retry-After": "2"},
            )
        self._asked += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        finally:
            self._asked -= 1


def _be_nice() -> None:
    # On Linux each thread has a niceness of its own; elsewhere this says nothing of a thread.
    with contextlib.suppress(AttributeError, OSError):
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICE)
