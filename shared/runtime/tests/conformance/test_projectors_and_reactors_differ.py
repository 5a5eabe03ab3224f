"""Replaying a reactor cannot be written: the type checker refuses it, line by line."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from epep_runtime.handling import Handling
from epep_runtime.subscriptions import Reactor

ROOT = next(each for each in Path(__file__).parents if (each / "Makefile").exists())

PROGRAM = """
from typing import Any

from epep_events.envelope import Metadata
from epep_events.pep import TargetSubmitted
from epep_runtime.event_store import EventStore
from epep_runtime.generations import Generation, begin_or_join
from epep_runtime.postgres import Connection, Pool
from epep_runtime.rebuild import rebuild
from epep_runtime.bus import Bus
from epep_runtime.runner import Runner
from epep_runtime.settings import Settings
from epep_runtime.subscriptions import Projector, Reaction, Reactor
from epep_runtime.switching import switch


async def show(connection: Connection, event: TargetSubmitted, meta: Metadata) -> None: ...


async def answer(reaction: Reaction, event: TargetSubmitted, meta: Metadata) -> None: ...


projector = Projector("shown", ("pep",), ("shown",), {TargetSubmitted: show})
reactor = Reactor("answering", ("pep",), {TargetSubmitted: answer})


async def replay(
    pool: Pool, store: EventStore, bus: Bus, settings: Settings, made: Generation, cause: Any
) -> None:
    await rebuild("pep", settings, projector)
    await begin_or_join(pool, projector, 1)
    Runner(pool, store, bus, projector, generation=made)
    Runner(pool, store, bus, projector)
    Runner(pool, store, bus, reactor)
    await rebuild("pep", settings, reactor)  # refused
    await begin_or_join(pool, reactor, 1)  # refused
    await switch(pool, store, reactor, made, cause)  # refused
    Runner(pool, store, bus, reactor, generation=made)  # refused


Projector("answering", ("pep",), (), {TargetSubmitted: answer})  # refused
Reactor("shown", ("pep",), {TargetSubmitted: show})  # refused
reactor.tables  # refused
"""


@pytest.mark.servers  # it needs none, but takes seconds, which `make test-fast` has not
def test_the_type_checker_refuses_each_way_to_replay_a_reactor(tmp_path: Path) -> None:
    """And accepts the same of a projector, so that it is not refused for another reason."""
    program = tmp_path / "replaying.py"
    program.write_text(PROGRAM)
    checked = subprocess.run(
        [sys.executable, "-m", "mypy", "--config-file", "pyproject.toml", str(program)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    refused = {int(line) for line in re.findall(r"replaying\.py:(\d+): error", checked.stdout)}
    lines = PROGRAM.splitlines()
    assert refused == {n for n, line in enumerate(lines, 1) if line.endswith("# refused")}, (
        checked.stdout + checked.stderr
    )


def test_what_gets_past_the_type_checker_is_refused_when_it_is_made() -> None:
    """A worker of a rebuild takes no reactor, whoever hands it one."""
    reactor, anything = Reactor("answering", ("pep",), {}), object()
    with pytest.raises(TypeError, match="answering is a reactor: it is never replayed"):
        Handling(anything, anything, reactor, None, anything)  # type: ignore[arg-type]
