"""Become another program, as another user, dying with the process that asked for it.

Run as `python tether.py SIGNAL PARENT UID GID THROUGH PROGRAM ARGUMENT…`: drops to UID:GID (-1
keeps ours), keeping the right to pass through closed folders if THROUGH is 1; asks Linux to
send SIGNAL to us when PARENT dies (0 asks nothing); and replaces itself. A program of its own
because code between fork and exec in a process with threads can hang. Imports only the
standard library, before privileges are dropped: that user may be unable to read it.
"""

import ctypes
import os
import sys

_PR_SET_PDEATHSIG, _PR_SET_SECUREBITS, _PR_CAP_AMBIENT, _RAISE = 1, 28, 47, 2
_NO_SETUID_FIXUP = 4
_CAP_DAC_OVERRIDE = 1
_CAPABILITY_VERSION_3 = 0x20080522


def drop(uid: int, gid: int, through: bool) -> None:
    """Become that user; with `through`, go on ignoring the permissions of folders."""
    libc = ctypes.CDLL(None, use_errno=True) if through else None
    # Otherwise access(2), by which PostgreSQL looks for its parts, would know of no rights.
    if libc is not None and libc.prctl(_PR_SET_SECUREBITS, _NO_SETUID_FIXUP, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "this user cannot be given the right to pass through")
    os.setgroups([])
    os.setgid(gid)
    os.setuid(uid)
    if libc is None:
        return
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0)
    # effective, permitted, inheritable; then the same for the capabilities from 32 on
    only = 1 << _CAP_DAC_OVERRIDE
    rights = (ctypes.c_uint32 * 6)(only, only, only, 0, 0, 0)
    raised = (_PR_CAP_AMBIENT, _RAISE, _CAP_DAC_OVERRIDE, 0, 0)
    if libc.capset(header, rights) or libc.prctl(*raised):
        raise OSError(ctypes.get_errno(), "this user cannot be given the right to pass through")


def become(signal: int, parent: int, owner: tuple[int, int, bool], program: list[str]) -> None:
    """Drop privileges, tie ourselves to `parent`, and replace this process by `program`."""
    libc = ctypes.CDLL(None) if sys.platform == "linux" else None
    if owner[0] >= 0:
        drop(*owner)
    # After setuid, which would clear it.
    if signal and libc is not None:
        libc.prctl(_PR_SET_PDEATHSIG, signal, 0, 0, 0)
        if os.getppid() != parent:  # it died before we asked
            os._exit(1)
    os.execv(program[0], program)  # noqa: S606 - replacing ourselves is the purpose


if __name__ == "__main__":
    _signal, _parent, _uid, _gid, _through = (int(word) for word in sys.argv[1:6])
    become(_signal, _parent, (_uid, _gid, bool(_through)), sys.argv[6:])
