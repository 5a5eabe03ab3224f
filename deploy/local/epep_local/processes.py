"""Starting, watching and stopping the processes of the system.

A process is known by its pid and its start time, so that a pid file left behind by a crash
never makes us stop a stranger who was given the same number.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil

from epep_local import tether
from epep_local.problem import LocalError


@dataclass(frozen=True)
class Owner:
    """A user that a server runs as; `through` lets it pass through folders closed to it."""

    uid: int
    gid: int
    through: bool = False


@dataclass(frozen=True)
class Running:
    """One process of the system."""

    name: str
    pid: int
    started: float  # seconds since the epoch, as the system counts
    port: int
    log: Path

    def alive(self) -> bool:
        """Whether this very process still runs (a zombie doesn't)."""
        process = self._process()
        try:
            return process is not None and process.status() != psutil.STATUS_ZOMBIE
        except psutil.Error:
            return False

    def _process(self) -> psutil.Process | None:
        try:
            process = psutil.Process(self.pid)
            return process if abs(process.create_time() - self.started) < 1 else None
        except psutil.Error:
            return None

    def stop(self, ask: signal.Signals = signal.SIGTERM, patience: float = 20) -> None:
        """Ask it to end, wait `patience` seconds, then kill it and all its children."""
        process = self._process()
        if process is None:
            return
        with suppress(psutil.Error):
            family = [*process.children(recursive=True), process]
            process.send_signal(ask)
            if not self._ended_within(patience):
                for member in family:
                    with suppress(psutil.Error):
                        member.kill()
                self._ended_within(5)

    def _ended_within(self, seconds: float) -> bool:
        # Not psutil's wait: it waits for a zombie that another process should have reaped.
        deadline = time.monotonic() + seconds
        while self.alive():
            if time.monotonic() > deadline:
                return False
            time.sleep(0.02)
        with suppress(ChildProcessError):
            os.waitpid(self.pid, os.WNOHANG)
        return True

    def kill(self) -> None:
        """End it at once, as `kill -9` does."""
        self.stop(signal.SIGKILL)

    def last_words(self, lines: int = 15) -> str:
        """The end of its log."""
        try:
            text = self.log.read_text("utf-8", "replace")
        except OSError:
            return ""
        return "\n".join(text.splitlines()[-lines:])


def wrapped(command: list[str], owner: Owner | None, death: int = 0) -> list[str]:
    """`command` run by `epep_local.tether` as `owner`, to get the signal `death` when we die."""
    who = [owner.uid, owner.gid, int(owner.through)] if owner else [-1, -1, 0]
    numbers = [death, os.getpid(), *who]
    return [sys.executable, "-I", "-S", tether.__file__, *map(str, numbers), *command]


@dataclass(frozen=True)
class Launch:
    """How processes are started: detached for `make up`, tethered to us in tests."""

    tethered: bool = True

    def start(
        self,
        name: str,
        command: list[str],
        *,
        log: Path,
        port: int,
        environment: Mapping[str, str] | None = None,
        owner: Owner | None = None,
        death: signal.Signals = signal.SIGKILL,
    ) -> Running:
        """Start `command` in its own session with its output appended to `log`.

        `death` is what a tethered process gets when we die. Call it from a thread that lasts:
        Linux ties the process to the thread. Raises LocalError when the log can't be written.
        """
        as_owner = wrapped(command, owner, int(death) if self.tethered else 0)
        try:
            log.parent.mkdir(parents=True, exist_ok=True)
            output = log.open("ab")
        except OSError as error:
            raise LocalError(
                f"The log {log} cannot be written ({error.strerror}). "
                f"Run `sudo chown -R $USER {log.parent}`."
            ) from error
        with output:
            process = subprocess.Popen(
                as_owner,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                cwd="/",
                env=dict(os.environ if environment is None else environment),
            )
        # `Running` reaps it; Popen would warn about a child that it didn't reap itself.
        process.returncode = 0
        return Running(name, process.pid, psutil.Process(process.pid).create_time(), port, log)


def await_ready(running: Running, ready: Callable[[], bool], patience: float = 120) -> None:
    """Wait until `ready()`; LocalError with the end of the log if it dies or takes too long."""

    def told() -> str:
        return f" The end of {running.log}:\n{running.last_words()}"

    def ready_or_dead() -> bool:
        if ready():
            return True
        if not running.alive():
            raise LocalError(f"{running.name} ended while starting.{told()}")
        return False

    await_answer(running.name, ready_or_dead, patience, told)


def await_answer(
    name: str,
    ready: Callable[[], bool],
    patience: float = 120,
    told: Callable[[], str] = lambda: "",
) -> None:
    """Wait until `ready()`; LocalError, with what `told` adds, after `patience` seconds."""
    deadline = time.monotonic() + patience
    while not ready():
        if time.monotonic() > deadline:
            raise LocalError(f"{name} did not answer within {patience:.0f} s.{told()}")
        time.sleep(0.1)  # often enough for a person, seldom enough for what is starting


def remember(folder: Path, running: Running) -> None:
    """Write the pid file of a detached process, so that a later command finds it."""
    folder.mkdir(parents=True, exist_ok=True)
    facts = asdict(running) | {"log": str(running.log)}
    (folder / f"{running.name}.pid").write_text(json.dumps(facts), "utf-8")


def recall(folder: Path, name: str) -> Running | None:
    """The process of that name if it still runs; a pid file of a dead one is removed."""
    path = folder / f"{name}.pid"
    try:
        facts = json.loads(path.read_text("utf-8"))
        running = Running(name, facts["pid"], facts["started"], facts["port"], Path(facts["log"]))
    except (OSError, ValueError, KeyError):
        return None
    if running.alive():
        return running
    path.unlink(missing_ok=True)
    return None
