"""`make up`: servers, topics, databases, services, demo, and where to find it all."""

from __future__ import annotations

import asyncio
import hashlib
import os
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

from epep_local import containers
from epep_local.backends import Source, sources
from epep_local.machine import Machine
from epep_local.places import repository
from epep_local.ports import require_free
from epep_local.problem import LocalError
from epep_local.processes import Launch
from epep_local.services import SERVICES
from epep_local.system import System
from epep_local.voice import Voice


def system(machine: Machine) -> System:
    """The services of `make up` on the machine's servers."""
    ports = {one.name: machine.ports[one.name] for one in SERVICES}
    return System(machine.backends(), machine.state, ports, how=Launch(tethered=False))


def up(machine: Machine, voice: Voice) -> None:
    """Bring everything up and say where it is. Raises LocalError.

    Whatever stops it on the way (a failing part, Ctrl-C), what this call started is ended.
    """
    _require_ports(machine)
    with ExitStack() as started:
        machine.start(started)
        services = system(machine)
        with voice.step("Making topics and databases"):
            asyncio.run(services.create())
        _start_services(services, started, voice)
        _load_demo(services, machine.state, voice)
        started.pop_all()  # from here on it stays
    _tell(services, voice)


def _require_ports(machine: Machine) -> None:
    """Refuse before anything starts, rather than half-way."""
    for one in SERVICES:
        if machine.running(one.name) is None:
            port = machine.ports[one.name]
            require_free(port, f"the {one.name} service", one.port_setting)


def _start_services(services: System, started: ExitStack, voice: Voice) -> None:
    missing = [one for one in SERVICES if not services.running(one.name)]
    if missing:
        _migrate(services, voice)
        with voice.step(f"Starting {', '.join(one.name for one in missing)}"):
            started.callback(services.stop, *(one.name for one in missing))
            for one in missing:
                services.start(one.name)
            services.wait_ready()
    else:
        voice.say("The six services already run")
        services.wait_ready()


def _migrate(services: System, voice: Voice) -> None:
    """Migrate the databases, unless nothing changed since: six interpreters take seconds.

    The note of what was done lies beside the databases, and goes when they go; for
    databases elsewhere there is none.
    """
    note = services.folder / "postgres" / "migrated"
    wanted = _fingerprint()
    local = Source.LOCAL is sources(os.environ, containers.docker_answers)["postgres"]
    if local and note.exists() and note.read_text("ascii") == wanted:
        return
    with voice.step("Migrating the databases"):
        services.migrate()
    if local:
        note.write_text(wanted, "ascii")


def _fingerprint() -> str:
    """A digest of every migration in the checkout."""
    digest = hashlib.sha256()
    for part in ("shared", "services"):
        for path in sorted((repository() / part).rglob("*.sql")):
            digest.update(f"{path.name} {path.stat().st_size}\n".encode() + path.read_bytes())
    return digest.hexdigest()


def _load_demo(services: System, state: Path, voice: Voice) -> None:
    marker = state / "demo-loaded"
    if marker.exists():
        voice.say("The demo is loaded already")
        return
    voice.say("Loading the demo (two authorities, about 120 children)")
    loaded = subprocess.run(
        [sys.executable, "-m", "epep_demo", "load"],
        env=services.operator_environment(),
        check=False,
    )
    if loaded.returncode:
        raise LocalError(
            f"The demo could not be loaded (see above, and the logs in {state / 'logs'}). "
            f"What it made so far is kept: `make up` goes on with it, `make reset` clears it."
        )
    marker.touch()


def _tell(services: System, voice: Voice) -> None:
    voice.say("")
    voice.say(f"ePEP is at        {services.url('portal')}")
    if services.backends.mailbox_url:
        voice.say(f"Its mails are at  {services.backends.mailbox_url} (codes to log in with, too)")
    voice.say("")
    sys.stdout.flush()
    command = [sys.executable, "-m", "epep_demo", "accounts"]
    subprocess.run(command, env=services.operator_environment(), check=False)
    voice.say("")
    voice.say("`make status` shows how it is, `make logs SERVICE=pep` what it does,")
    voice.say("`make down` stops it and keeps the data.")
