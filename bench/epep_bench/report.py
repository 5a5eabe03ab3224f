"""`bench/results.md`: the table, the machine, and where the time goes."""

import os
import platform
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import asyncpg

from epep_bench.arithmetic import Outcome

HEAD = (
    "| | Measure | Ours | Against | Ratio | Bar | Met | Spread of rounds |\n"
    "|---|---|---|---|---|---|---|---|"
)


@dataclass(frozen=True, slots=True)
class Machine:
    """What it was measured on."""

    size: str
    kernel: str
    python: str
    postgres: str
    kafka: str


async def machine(postgres_url: str, kafka: str) -> Machine:
    """Look at this machine and ask its PostgreSQL."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    connection = await asyncpg.connect(postgres_url)
    try:
        server: str = await connection.fetchval("SHOW server_version")
    finally:
        await connection.close()
    libraries = ", ".join(f"{each} {version(each)}" for each in ("asyncpg", "aiokafka", "uvloop"))
    return Machine(
        f"{os.cpu_count()} cores, {memory:.0f} GiB of memory",
        f"{platform.system()} {platform.release()} {platform.machine()}",
        f"{sys.version.split()[0]}, {libraries}",
        f"{server}, every commit synced to the disk",
        kafka,
    )


def commit() -> str:
    """Return the commit measured, with `+` when the work tree is not quite that."""
    here = Path(__file__).parent

    def git(*arguments: str) -> str:
        done = subprocess.run(
            ["git", *arguments], cwd=here, capture_output=True, text=True, check=False
        )
        return done.stdout.strip()

    changed = git("status", "--porcelain", "--untracked-files=no", "--", ":!results.md")
    return f"{git('rev-parse', '--short=12', 'HEAD') or 'unknown'}{'+' if changed else ''}"


def row(outcome: Outcome) -> str:
    """Return one line of the table."""
    met = "yes" if outcome.met else "**no**"
    cells = (
        outcome.key,
        outcome.measure,
        outcome.value,
        outcome.baseline,
        outcome.ratio,
        outcome.bar,
        met,
        outcome.spread,
    )
    return f"| {' | '.join(cells)} |"


def page(outcomes: Sequence[Outcome], on: Machine, at: str, command: str) -> str:
    """Return the whole page as Markdown."""
    notes = [
        f"**{outcome.key}.** {' '.join(outcome.notes)}" for outcome in outcomes if outcome.notes
    ]
    return "\n".join(
        (
            "# What `make bench` measured",
            "",
            f"Commit `{at}`, command `{command}`, {datetime.now(UTC):%Y-%m-%d %H:%M} UTC.",
            f"Machine: {on.size}; {on.kernel}; Python {on.python};",
            f"PostgreSQL {on.postgres}; Kafka {on.kafka}.",
            "",
            "Each number is the median of the rounds, in which the two were measured in turn on the"
            " same servers; the ratio is the median of the rounds' ratios.",
            "",
            HEAD,
            *(row(outcome) for outcome in outcomes),
            "",
            *(f"{note}\n" for note in notes),
        )
    )
