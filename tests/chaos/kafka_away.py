"""`make kafka-away`: people work on while there is no Kafka; then the outboxes drain, in order.

MINUTES is how long Kafka stays away (10). The same clients, ledger and checks as `make chaos`; the
report shows how fast the outboxes drain against how fast they were filled.
"""

from __future__ import annotations

import asyncio
import os
import sys
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import cycle

from authority import Authority, next_weekday
from chaos import Told, check, tell
from drain import sent_and_unsent
from finding import Finding
from journeys import create_pep, draft_target, fill_page
from load import Load
from patient import StopError
from people import Person
from reading_back import pages_shown_as_saved
from service_logs import nothing_unexplained
from town import SERVICE_NAMES, Town, standing

WRITERS, CHILDREN = 4, 6
EVERY_SECONDS = 1.0
"""Each writer begins something so often: a page, and now and then a target."""
MOST_TARGETS = 25
"""A PEP takes thirty."""
LOOK_SECONDS, DRAIN_SECONDS = 0.25, 600.0


@dataclass
class Drained:
    """How the outboxes drained: events there were to send, and when each look saw how many left."""

    at_first: int
    looks: list[tuple[float, int]] = field(default_factory=list)

    @property
    def seconds(self) -> float:
        """From the first event sent to the last: how long the broker took to start is not in it."""
        begun = next((at for at, left in self.looks if left < self.at_first), 0.0)
        before = max((at for at, left in self.looks if at < begun), default=0.0)
        return max(self.looks[-1][0] - before, LOOK_SECONDS)


class Writers:
    """People who write pages and targets at a steady rate, whatever becomes of Kafka."""

    def __init__(self, load: Load, children: list[Authority]) -> None:
        self._load = load
        self._peps = [
            (child, create_pep(child, _creator(child), next_weekday(5))) for child in children
        ]
        self._pages: dict[str, list[tuple[str, str]]] = {}
        self._targets: Counter[str] = Counter()
        self.saves = self.late = 0
        self._stop = threading.Event()
        self._threads = [
            threading.Thread(target=self._write, args=(number,)) for number in range(WRITERS)
        ]

    def start(self) -> None:
        """Begin."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Let each finish what it does."""
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _write(self, number: int) -> None:
        mine = self._peps[number::WRITERS]
        due = time.monotonic()
        try:
            for turn, (child, pep_id) in enumerate(cycle(mine)):
                if self._stop.is_set():
                    return
                self._write_once(turn, child, pep_id)
                self.saves += 1
                due += EVERY_SECONDS
                self.late += time.monotonic() > due
                self._stop.wait(max(0.0, due - time.monotonic()))
        except StopError:
            return
        except Exception as error:
            self._load.stuck.append(f"writer {number}: {type(error).__name__} {error}")

    def _write_once(self, turn: int, child: Authority, pep_id: str) -> None:
        teacher = child.designated_teacher
        if turn % 5 == 4 and self._targets[pep_id] < MOST_TARGETS:
            self._targets[pep_id] += 1
            draft_target(pep_id, teacher)
            return
        pages = self._pages.setdefault(pep_id, []) or _pages_of(teacher, pep_id)
        self._pages[pep_id] = pages
        key, field_key = pages[turn % len(pages)]
        fill_page(pep_id, teacher, key, **{field_key: f"As it was said in turn {turn}."})


def _creator(child: Authority) -> Person:
    return child.virtual_school if child.code == "330" else child.social_worker


def _pages_of(person: Person, pep_id: str) -> list[tuple[str, str]]:
    """Return pages that the person may write, each with a question that takes any text."""
    found = []
    for section in person.get("pep", f"/peps/{pep_id}")["sections"]:
        for page in section["pages"]:
            if page["kind"] != "form" or not page["may"]["write"]:
                continue
            fields = person.get("pep", f"/peps/{pep_id}/pages/{page['key']}")["fields"]
            texts = [each["key"] for each in fields if each["type"] in {"text", "line"}]
            if texts:
                found.append((page["key"], texts[0]))
    return found


def run(minutes: float, say: Told) -> list[Finding]:
    """Take Kafka away for so long under a steady load, bring it back, and check every promise."""
    with standing() as town:
        load = Load(town, seed=0)
        load.found(teams=1)
        begun = datetime.now(UTC)
        writers = Writers(load, load.take_children(CHILDREN))
        town.system.wait_quiet()
        before, _ = asyncio.run(sent_and_unsent(town))
        say(f"Kafka is away for {minutes:g} minutes. People write on.")
        town.parts["broker"].kill()
        away = time.monotonic()
        writers.start()
        _wait(town, say, minutes * 60)
        town.parts["broker"].start()
        back = time.monotonic()
        draining = asyncio.run(_drain(town, say))
        writers.stop()
        findings = [_drained_well(draining, writers, load, back - away, before)]
        findings += asyncio.run(check(town, load, begun, say))
        findings.append(pages_shown_as_saved(load))
        findings.append(nothing_unexplained({name: town.log(name) for name in SERVICE_NAMES}))
    return findings


def _wait(town: Town, say: Told, seconds: float) -> None:
    begun = said_at = time.monotonic()
    while (passed := time.monotonic() - begun) < seconds:
        if time.monotonic() - said_at >= 60:
            said_at = time.monotonic()
            _, unsent = asyncio.run(sent_and_unsent(town))
            say(f"  {passed:4.0f} s: {unsent} events wait in the outboxes")
        time.sleep(min(1.0, seconds - passed))


async def _drain(town: Town, say: Told) -> Drained:
    """Look until nothing waits, while people still write: the outboxes drain faster than they fill.

    They are empty when what was waiting at first has been sent.
    """
    sent_at_first, waiting = await sent_and_unsent(town)
    drained, begun = Drained(waiting), time.monotonic()
    while time.monotonic() - begun < DRAIN_SECONDS:
        sent, _ = await sent_and_unsent(town)
        left = max(0, sent_at_first + waiting - sent)
        drained.looks.append((time.monotonic() - begun, left))
        if not left:
            break
        await asyncio.sleep(LOOK_SECONDS)
    say(f"Kafka is back; {waiting} events were sent {drained.looks[-1][0]:.1f} s after its start.")
    return drained


def _drained_well(
    drained: Drained, writers: Writers, load: Load, away: float, before: int
) -> Finding:
    finding = Finding("People worked on without Kafka, and the outboxes drained when it was back.")
    filled, emptied = drained.at_first / away, drained.at_first / drained.seconds
    finding.looked_at += [
        f"away for {away:.0f} s; {before} events had been sent before; {writers.saves} times"
        f" something was written, {writers.late} times more than {EVERY_SECONDS:g} s late",
        f"{drained.at_first} events were waiting: {filled:.1f} a second came in",
        f"sent within {drained.seconds:.1f} s: {emptied:.0f} a second, {emptied / filled:.0f} times"
        " as fast as they came in",
    ]
    slow = sorted(each.seconds for each in load.ledger.acknowledged())
    if slow:
        finding.looked_at.append(
            f"{len(slow)} changes acknowledged, in {slow[len(slow) // 2] * 1000:.0f} ms in the"
            f" middle, {slow[int(len(slow) * 0.99)] * 1000:.0f} ms for 99 of 100"
        )
    finding.violations += load.stuck + load.ledger.wrong
    if drained.looks[-1][1]:
        finding.violations.append(f"{drained.looks[-1][1]} events still waited at the end")
    return finding


def main() -> int:
    """Run with what the environment says; 0 when every promise was kept."""
    say = Told()
    return tell(run(float(os.environ.get("MINUTES") or 10), say), say)


if __name__ == "__main__":
    sys.exit(main())
