"""`bench/results.md`: the table, the machine, and where the time goes."""

import os
import platform
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path

import asyncpg
import orjson

from epep_bench.arithmetic import Outcome

HEAD = (
    "| | Measure | Ours | Against | Ratio | Bar | Met | Spread of rounds |\n"
    "|---|---|---|---|---|---|---|---|"
)
HERE = Path(__file__).parents[1]
KEPT, PAGE = HERE / "results.json", HERE / "results.md"


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

    changed = git("status", "--porcelain", "--untracked-files=no", "--", ":!results.*")
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


@dataclass(frozen=True, slots=True)
class Measured:
    """A line of the table, with where it comes from."""

    outcome: Outcome
    commit: str
    command: str
    at: str

    def source(self) -> str:
        """Return the sentence about where it comes from, the same for what was measured at once."""
        return f"commit `{self.commit}`, `{self.command}`, {self.at}"


def page(found: Sequence[Measured], on: Machine) -> str:
    """Return the whole page as Markdown."""
    notes = [
        f"**{each.outcome.key}.** {' '.join(each.outcome.notes)}"
        for each in found
        if each.outcome.notes
    ]
    sources: dict[str, list[str]] = {}
    for each in found:
        sources.setdefault(each.source(), []).append(each.outcome.key)
    return "\n".join(
        (
            "# What `make bench` measured",
            "",
            f"Machine: {on.size}; {on.kernel}; Python {on.python}; PostgreSQL {on.postgres};"
            f" Kafka {on.kafka}.",
            "",
            *(f"- {', '.join(keys)}: {source}" for source, keys in sources.items()),
            "",
            "Each number is the median of the rounds, in which the two were measured in turn on the"
            " same servers; the ratio is the median of the rounds' ratios. `README.md` says what is"
            " held against what, and `docs/adr/0018-what-the-bench-found.md` where the time goes.",
            "",
            HEAD,
            *(row(each.outcome) for each in found),
            "",
            *(f"{note}\n" for note in notes),
        )
    )


def keep(found: Sequence[Measured], on: Machine, order: Sequence[str]) -> str:
    """Put these lines in the place of older ones, write both files, and return the page."""
    kept: dict[str, Measured] = {}
    if KEPT.exists():
        for facts in orjson.loads(KEPT.read_bytes()):
            said = facts.pop("outcome")
            outcome = Outcome(**{**said, "notes": tuple(said["notes"])})
            kept[outcome.key] = Measured(outcome, **facts)
    kept |= {each.outcome.key: each for each in found}
    lines = [kept[key] for key in order if key in kept]
    KEPT.write_bytes(
        orjson.dumps([asdict(each) for each in lines], option=orjson.OPT_INDENT_2) + b"\n"
    )
    text = page(lines, on)
    PAGE.write_text(text)
    return text
