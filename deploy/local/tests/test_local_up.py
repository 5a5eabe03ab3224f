from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from epep_local.machine import chosen_ports, port_setting
from epep_local.places import cache_folder
from epep_local.ports import free_port, is_free

pytestmark = pytest.mark.servers


@pytest.fixture
def surroundings(tmp_path: Path) -> dict[str, str]:
    """An environment with its own state folder and ports."""
    for place in (tmp_path, *tmp_path.parents[:2]):
        place.chmod(0o711)  # PostgreSQL may run as another user
    own = {"EPEP_STATE": str(tmp_path / "state"), "EPEP_CACHE": str(cache_folder())}
    ports = {port_setting(name): str(free_port()) for name in chosen_ports(tmp_path, {})}
    return {**os.environ, **own, **ports}


@pytest.fixture
def command(surroundings: dict[str, str]) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [sys.executable, "-m", "epep_local", "up"],
        env=surroundings,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        yield process
        process.kill()


def processes_of(state: str) -> list[str]:
    return [
        process.info["name"]
        for process in psutil.process_iter(["name", "cmdline", "status"])
        if state in " ".join(process.info["cmdline"] or ())
        and process.info["status"] != psutil.STATUS_ZOMBIE
    ]


def read_until(process: subprocess.Popen[str], beginning: str) -> None:
    assert process.stdout is not None
    lines = []
    for line in process.stdout:
        lines.append(line)
        if line.startswith(beginning):
            return
    raise AssertionError("".join(lines))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_start_leaves_nothing(
    command: subprocess.Popen[str], surroundings: dict[str, str], number: signal.Signals
) -> None:
    read_until(command, "Making topics and databases")
    assert "java" in processes_of(surroundings["EPEP_STATE"])
    command.send_signal(number)
    told, _ = command.communicate(timeout=180)
    assert command.returncode == 130
    assert "What this command had started is ended." in told
    assert processes_of(surroundings["EPEP_STATE"]) == []
    ports = (int(value) for name, value in surroundings.items() if name.endswith("_PORT"))
    assert all(is_free(port) for port in ports)


def run(surroundings: dict[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "epep_local", *words],
        env=surroundings,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_taken_port_stops_the_start_before_anything_runs(surroundings: dict[str, str]) -> None:
    port = int(surroundings["EPEP_QA_PORT"])
    with socket.socket() as held:
        held.bind(("127.0.0.1", port))
        held.listen()
        ran = run(surroundings, "up")
    assert ran.returncode == 1
    assert f"Port {port}, wanted for the qa service, is held by" in ran.stdout
    assert "EPEP_QA_PORT=NUMBER make up" in ran.stdout
    assert "Traceback" not in ran.stdout + ran.stderr
    assert processes_of(surroundings["EPEP_STATE"]) == []


def test_nothing_is_removed_unless_somebody_agrees(surroundings: dict[str, str]) -> None:
    kept = Path(surroundings["EPEP_STATE"]) / "postgres" / "data"
    kept.mkdir(parents=True)
    refused = run(surroundings, "reset")
    assert refused.returncode == 1
    assert "make reset YES=1" in refused.stdout
    assert kept.exists()
    agreed = run(surroundings, "reset", "--yes")
    assert agreed.returncode == 0, agreed.stdout
    assert not kept.exists()


def test_the_status_of_a_system_that_never_ran(surroundings: dict[str, str]) -> None:
    shown = run(surroundings, "status")
    assert shown.returncode == 0
    assert shown.stdout.count("not running") == 3
