"""`make chaos`: kill anything at random under a steady load, then see whether promises were kept.

CHAOS_SECONDS is how long the storm lasts (600), CHAOS_SEED repeats its choices, CHAOS_REPORT
names a file that gets the report too. Exit status 0 when every promise was kept.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import sys
import time
import traceback
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from board_check import boards_agree
from drain import drained
from finding import Finding
from load import Load
from log_checks import acknowledged_once, chains_hold, topics_agree
from mail_checks import mailed_once, mails_delivered
from model_checks import models_agree, nothing_parked
from plan import blows
from reading_back import pages_shown_as_saved
from records import SERVICES, events_of, messages_of
from service_logs import nothing_unexplained
from storm import Storm
from town import SERVICE_NAMES, Town, standing

CALM_SECONDS, DRAIN_SECONDS = 240.0, 240.0
USUAL_START_SECONDS, MOST_STRETCH = 6.0, 4.0
"""On a machine where a service takes longer to start, nothing would ever be up to be killed."""


@dataclass
class Told:
    """Says each line at once, and keeps it for the report's file."""

    lines: list[str] = field(default_factory=list)

    def __call__(self, line: str) -> None:
        """Say a line."""
        self.lines.append(line)
        print(line, flush=True)  # noqa: T201

    def keep(self, path: str | None) -> None:
        """Write everything said to a file, if one is named."""
        if path:
            Path(path).write_text("\n".join(self.lines) + "\n", "utf-8")


def run(seconds: float, seed: int, say: Told) -> list[Finding]:
    """Raise the town, the load and the storm, wait for calm, and check every promise."""
    began = time.monotonic()
    planned = blows(seed, seconds)
    say(f"Chaos for {seconds:.0f} s with {len(planned)} kills. To repeat: CHAOS_SEED={seed}")
    with standing() as town:
        load = Load(town, seed, patience=seconds * MOST_STRETCH + CALM_SECONDS)
        load.found(teams=1 if seconds < 120 else 2)
        begun = datetime.now(UTC)
        say(f"Everything runs after {time.monotonic() - began:.0f} s. The storm begins.")
        storm = Storm(town, say)
        stretch = min(max(storm.seconds_to_start("pep") / USUAL_START_SECONDS, 1.0), MOST_STRETCH)
        if stretch > 1:
            say(f"This machine is slow or busy now: the storm takes {stretch:.1f} times as long.")
        load.start(workers=6 if seconds < 120 else 10)
        try:
            storm.rage(planned, stretch)
            storm.calm(CALM_SECONDS)
        finally:
            load.finish(patience=min(seconds / 4, 120.0))
        _tell_of_storm(say, storm, load, time.monotonic() - began)
        findings = [all_killed(storm, len(planned)), journeys_ended(load)]
        findings += asyncio.run(check(town, load, begun, say))
        findings.append(guarded(lambda: pages_shown_as_saved(load)))
        pep_log = asyncio.run(events_of(town, "pep"))
        findings.append(guarded(lambda: boards_agree(load, pep_log)))
        findings.append(nothing_unexplained({name: town.log(name) for name in SERVICE_NAMES}))
    say(f"After {time.monotonic() - began:.0f} s in all:")
    return findings


async def check(town: Town, load: Load, begun: datetime, say: Told) -> list[Finding]:
    """Wait until nothing is on its way, and check what logs, topics, tables and mailbox hold."""
    waited, left = await drained(town, DRAIN_SECONDS)
    quiet = Finding("Everything comes to rest: sent, read, mailed.", [f"after {waited:.0f} s"])
    quiet.violations += [f"{count} {what}" for what, count in left.items()]
    say(f"Drained after {waited:.0f} s. Checking.")
    logs = {service: await events_of(town, service) for service in SERVICES}
    topics = {service: await messages_of(town, service) for service in SERVICES}
    return [
        quiet,
        acknowledged_once(load.ledger, logs, begun),
        chains_hold(logs),
        topics_agree(logs, topics),
        await nothing_parked(town),
        await models_agree(town),
        mailed_once(logs["notification"], mails_delivered(town)),
    ]


def guarded(check: Callable[[], Finding]) -> Finding:
    """Return what the check finds; one that cannot be carried out has found something, too."""
    try:
        return check()
    except Exception:
        return Finding("Every check can be carried out.", [], [], [traceback.format_exc(limit=-4)])


def all_killed(storm: Storm, planned: int) -> Finding:
    """Tell whether the storm was as planned, and nothing ended that was not killed."""
    finding = Finding("Nothing ended but what was killed, and all of it came back.")
    finding.looked_at.append(
        f"{sum(storm.kills.values())} kills of {planned}: {_counted(storm.kills.most_common())}"
    )
    finding.violations += [
        f"{name} was not there to be killed, {count} times" for name, count in storm.missed.items()
    ]
    finding.violations += [
        f"{name} ended by itself, {count} times; the last time it said: {storm.last_words[name]}"
        for name, count in storm.ended_alone.items()
    ]
    finding.violations += [f"it never came back: {each}" for each in storm.never_back]
    return finding


def journeys_ended(load: Load) -> Finding:
    """Tell whether everybody could do their work in the end."""
    finding = Finding("Everybody could go on with their work.")
    finding.looked_at.append(
        f"finished: {load.finished['330']} PEPs Birmingham's way,"
        f" {load.finished['998']} Northvale's,"
        f" {load.finished['import']} imports, {load.finished['log-in']} log-ins;"
        f" {load.cut_short} PEPs cut short by the end"
    )
    finding.looked_at.append(f"portal: {_counted(load.visits.items())}")
    finding.looked_at.append(f"asked again: {_counted(load.ledger.refusals.most_common())}")
    finding.violations += [*load.stuck, *load.ledger.wrong]
    answers_500 = {k: n for k, n in load.ledger.refusals.items() if k.endswith(": 500")}
    finding.violations += [f"{n} × {kind}" for kind, n in answers_500.items()]
    if load.visits["half a page"]:
        finding.violations.append(f"{load.visits['half a page']} half pages of the portal")
    return finding


def _counted(items: Iterable[tuple[str, int]]) -> str:
    return ", ".join(f"{name} × {count}" for name, count in items)


def _tell_of_storm(say: Told, storm: Storm, load: Load, seconds: float) -> None:
    changes = len(load.ledger.acknowledged())
    kills = sum(storm.kills.values())
    say(f"Calm after {seconds:.0f} s: {kills} kills, {changes} changes acknowledged.")


def tell(findings: Sequence[Finding], say: Told) -> int:
    """Say what was found, write it to the report's file, and return the exit status."""
    say("")
    for finding in findings:
        for line in finding.lines():
            say(line)
    broken = sum(not each.kept for each in findings)
    say(f"\n{len(findings) - broken} of {len(findings)} promises were kept.")
    say.keep(os.environ.get("CHAOS_REPORT"))
    return 1 if broken else 0


def main() -> int:
    """Run with what the environment says; 0 when every promise was kept."""
    seconds = float(os.environ.get("CHAOS_SECONDS") or 600)
    seed = int(os.environ.get("CHAOS_SEED") or secrets.randbelow(10**6))
    say = Told()
    return tell(run(seconds, seed, say), say)


if __name__ == "__main__":
    sys.exit(main())
