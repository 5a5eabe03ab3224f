"""Become another program, dying with the process that asked for it.

Run as `python tether.py SIGNAL PARENT UID GID PROGRAM ARGUMENT…`: drops to UID:GID (-1 keeps
ours), asks Linux to send SIGNAL to us when PARENT dies (0 asks nothing), and replaces itself.
A program of its own because code between fork and exec in a process with threads can hang.
Imports only the standard library, before privileges are dropped: the unprivileged user may
be unable to read the interpreter.
"""

import ctypes
import os
import sys

_PR_SET_PDEATHSIG = 1


def become(signal: int, parent: int, uid: int, gid: int, program: list[str]) -> None:
    """Drop privileges, tie ourselves to `parent`, and replace this process by `program`."""
    libc = ctypes.CDLL(None) if sys.platform == "linux" else None
    if uid >= 0:
        os.setgroups([])
        os.setgid(gid)
        os.setuid(uid)
    # After setuid, which would clear it.
    if signal and libc is not None:
        libc.prctl(_PR_SET_PDEATHSIG, signal, 0, 0, 0)
        if os.getppid() != parent:  # it died before we asked
            os._exit(1)
    os.execv(program[0], program)  # noqa: S606 - replacing ourselves is the purpose


if __name__ == "__main__":
    _signal, _parent, _uid, _gid = (int(word) for word in sys.argv[1:5])
    become(_signal, _parent, _uid, _gid, sys.argv[5:])
