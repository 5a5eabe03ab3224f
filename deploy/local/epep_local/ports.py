"""Free ports, and who holds the ones that are taken."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from itertools import cycle

import psutil

from epep_local.problem import LocalError

# Below the range that Linux and macOS give to outgoing connections, so that a port found
# free isn't taken by a passing connection before its server binds it.
_FIRST, _LAST = 20000, 31999
# Some time passes before a server binds the port that was found for it. So no process is given
# one twice, and processes begin far apart, also those whose numbers follow on one another.
_BEGIN = os.getpid() * 241 % (_LAST - _FIRST + 1)
_IN_TURN: Iterator[int] = cycle(
    (*range(_FIRST + _BEGIN, _LAST + 1), *range(_FIRST, _FIRST + _BEGIN))
)


def is_free(port: int, host: str = "127.0.0.1") -> bool:
    """Whether a server could listen on `port` now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def free_port() -> int:
    """A port nobody listens on, and that parallel test runs don't come to at the same time."""
    for _ in range(1000):
        port = next(_IN_TURN)
        if is_free(port):
            return port
    raise LocalError(f"No free port was found between {_FIRST} and {_LAST}.")


def holder(port: int) -> str | None:
    """The process that listens on `port`, as "name (process 12)"; None where it can't be seen."""
    try:
        connections = psutil.net_connections(kind="tcp")
    except psutil.AccessDenied:
        return None
    for connection in connections:
        if connection.status != psutil.CONN_LISTEN or not connection.laddr:
            continue
        if connection.laddr.port == port and connection.pid:
            return _describe(connection.pid)
    return None


def _describe(pid: int) -> str:
    try:
        process = psutil.Process(pid)
        command = " ".join(process.cmdline())[:80]
        return f"{process.name()} (process {pid}: {command})"
    except psutil.Error:
        return f"process {pid}"


def require_free(port: int, purpose: str, setting: str) -> None:
    """Raise LocalError that names who holds `port`, unless it is free.

    `purpose` is what we wanted it for; `setting` the environment variable that moves it.
    """
    if is_free(port):
        return
    who = holder(port) or "another process (owned by another user)"
    raise LocalError(
        f"Port {port}, wanted for {purpose}, is held by {who}. Stop that process, or choose "
        f"another port with {setting}=NUMBER make up."
    )


def accepts(port: int, host: str = "127.0.0.1") -> bool:
    """Whether something answers on `port` now."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex((host, port)) == 0
