"""`make status`: each process, its port, its health, and how far it is behind."""

from __future__ import annotations

from collections.abc import Iterator

from rich.table import Table

from epep_local.kafka import brokers
from epep_local.machine import SERVERS, Machine
from epep_local.ports import accepts
from epep_local.services import SERVICES
from epep_local.system import System, behind, warnings

Row = tuple[str, str, str, str, str]


def status_table(machine: Machine, services: System | None) -> Table:
    """The table; without `services` (never started here) only the servers are in it."""
    table = Table("Process", "Pid", "Port", "Health", "Behind")
    rows = [*_server_rows(machine), *(_service_rows(services) if services else ())]
    for row in rows:
        table.add_row(*row)
    return table


def _server_rows(machine: Machine) -> Iterator[Row]:
    for name in reversed(SERVERS):
        running = machine.running(name)
        if running is None:
            yield name, "–", str(machine.ports[name]), "not running", ""
            continue
        healthy = brokers(running.port) > 0 if name == "kafka" else accepts(running.port)
        health = "ok" if healthy else "does not answer"
        yield name, str(running.pid), str(running.port), health, ""


def _service_rows(services: System) -> Iterator[Row]:
    for one in SERVICES:
        running, port = services.running(one.name), str(services.port(one.name))
        if running is None:
            yield one.name, "–", port, "not running", ""
            continue
        _, said = services.health(one.name)
        health = str(said.get("status", "does not answer"))
        yield one.name, str(running.pid), port, health, _behind(said)


def _behind(said: dict[str, object]) -> str:
    parts = behind(said)
    if parts is None:
        return ""
    late = [f"{name}: {events} events, {age:.1f} s" for name, events, age in parts if events]
    nothing = [f"nothing ({len(parts)} followed)"] if parts and not late else []
    return "\n".join([*late, *nothing, *warnings(said)])
