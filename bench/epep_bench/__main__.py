"""`python -m epep_bench [P1,P3]`: measure, print the table, and write `bench/results.md`."""

import asyncio
import os
import sys
import traceback
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime

import structlog
import uvloop

from epep_bench.access import check_of_access, home_of_many
from epep_bench.appending import against_inserts
from epep_bench.arithmetic import Outcome
from epep_bench.commanding import pages_saved
from epep_bench.entering import log_ins
from epep_bench.hash_cost import against_no_hash
from epep_bench.libraries import against_pyeventsourcing
from epep_bench.mailing import codes_to_mail
from epep_bench.memory import memory_of_a_rebuild
from epep_bench.pages import pages_of_a_long_history
from epep_bench.reaching import from_commit_to_seen
from epep_bench.rebuilding import change_log_from_kafka
from epep_bench.report import Measured, commit, keep, machine, row
from epep_bench.servers import Servers, servers
from epep_local.kafka_jars import KAFKA

MEASURES: dict[str, Callable[[Servers], Awaitable[Outcome]]] = {
    "P1": against_inserts,
    "P2": against_pyeventsourcing,
    "P3": change_log_from_kafka,
    "P4": from_commit_to_seen,
    "P5": codes_to_mail,
    "P6": pages_of_a_long_history,
    "P7": pages_saved,
    "P8": memory_of_a_rebuild,
    "H": against_no_hash,
    "A1": check_of_access,
    "L1": log_ins,
    "H1": home_of_many,
}


def chosen(text: str) -> list[str]:
    """Return the measures asked for, all for an empty text. Raises SystemExit for unknown ones."""
    keys = [key.strip().upper() for key in text.split(",") if key.strip()] or list(MEASURES)
    unknown = [key for key in keys if key not in MEASURES]
    if unknown:
        raise SystemExit(f"There is no measure {unknown[0]}. There are {', '.join(MEASURES)}.")
    return keys


async def measure(keys: Sequence[str], command: str) -> str:
    """Take the measures one by one, keeping and printing each, and return the page."""
    text = ""
    with servers() as running:
        on = await machine(running.backends.postgres_admin_url, KAFKA.rpartition(":")[2])
        for key in keys:
            at = f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC"
            found = Measured(await _one(key, running), commit(), command, at)
            print(row(found.outcome), flush=True)
            text = keep([found], on, list(MEASURES))
    return text


async def _one(key: str, running: Servers) -> Outcome:
    try:
        return await MEASURES[key](running)
    except Exception as error:  # the other measures are still worth having
        traceback.print_exc()
        why = f"{type(error).__name__}: this measure ended with an error."
        return Outcome(key, "not measured", "-", "-", "-", "-", False, "-", (why,))


def main() -> int:
    """Measure what was asked for; `bench/results.md` keeps the last of each measure."""
    wanted = sys.argv[1] if len(sys.argv) > 1 else os.environ.get("P", "")
    keys = chosen(wanted)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(30))
    sizes = [f"{name}={value}" for name, value in os.environ.items() if name.startswith("BENCH_")]
    command = " ".join([*sorted(sizes), "make bench", *([f"P={wanted}"] if wanted else [])])
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        print(runner.run(measure(keys, command)))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
