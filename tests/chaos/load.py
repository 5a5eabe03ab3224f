"""A steady load: many PEPs at once, new children, log-ins and visits, until told to stop."""

from __future__ import annotations

import queue
import random
import threading
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import Any
from uuid import uuid4

import httpx
from authority import Authority, found_team, import_more
from ledger import Ledger
from patient import Patient, StopError
from people import Person
from town import Town
from ways import WAYS

from epep_local import plain_http

TEAM_CHILDREN = 6
FEW = 8
"""With fewer children waiting, more are imported."""
IMPORTED = 6
LOG_IN_SECONDS, VISIT_SECONDS, IMPORT_LOOK_SECONDS = 4.0, 1.0, 3.0


@dataclass
class Load:
    """People at work. `stuck` are journeys that a person could not finish, and why."""

    town: Town
    seed: int
    patience: float = 240.0  # seconds in which everything must be answered: a storm and the calm
    ledger: Ledger = field(default_factory=Ledger)
    finished: Counter[str] = field(default_factory=Counter)
    cut_short: int = 0
    stuck: list[str] = field(default_factory=list)
    visits: Counter[str] = field(default_factory=Counter)
    teams: list[Authority] = field(default_factory=list)
    _children: queue.Queue[Authority] = field(default_factory=queue.Queue)
    _no_more: threading.Event = field(default_factory=threading.Event)
    _cut: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)

    def found(self, teams: int) -> None:
        """Make so many teams of people in each of the two authorities, with their children.

        Those of one authority one after the other: it runs one import at a time.
        """
        with ThreadPoolExecutor() as pool:
            made = list(chain(*pool.map(lambda code: self._found_teams(code, teams), WAYS)))
        self.teams = [team[0] for team in made]
        for together in zip(*made, strict=True):
            for child in together:
                self._children.put(child)

    def _found_teams(self, code: str, teams: int) -> list[list[Authority]]:
        town = self.town
        return [
            found_team(town.system, town.mailbox, code, TEAM_CHILDREN, self._person)
            for _ in range(teams)
        ]

    def _person(self, *facts: Any) -> Person:
        person = Patient(*facts)
        person.ledger, person.enough = self.ledger, self._cut.is_set
        person.luck, person.patience = random.Random(self.seed), self.patience
        return person

    def take_children(self, count: int) -> list[Authority]:
        """Take so many children out of those that wait for a PEP."""
        return [self._children.get_nowait() for _ in range(count)]

    def start(self, workers: int) -> None:
        """Let so many journeys run at once, and beside them imports, log-ins and visits."""
        works = [self._work] * workers + [self._import_now_and_then, self._log_in, self._visit]
        for number, work in enumerate(works):
            thread = threading.Thread(target=self._kept, args=(work,), name=f"load-{number}")
            thread.start()
            self._threads.append(thread)

    def finish(self, patience: float) -> None:
        """Begin nothing new; give what is under way so many seconds, then cut it short."""
        self._no_more.set()
        deadline = time.monotonic() + patience
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        self._cut.set()
        for thread in self._threads:
            thread.join()
        self._cut.clear()

    def _kept(self, work: Callable[[], None]) -> None:
        """Write down what stops a worker, instead of losing it with its thread."""
        try:
            work()
        except StopError:
            return
        except Exception as error:
            self.stuck.append(why(error))

    def _work(self) -> None:
        for child in self._waiting():
            try:
                WAYS[child.code](child)
            except StopError:
                self.cut_short += 1
                return
            except Exception as error:
                self.stuck.append(f"child {child.child_id}: {why(error)}")
            else:
                self.finished[child.code] += 1

    def _waiting(self) -> Iterator[Authority]:
        while not self._no_more.is_set():
            try:
                yield self._children.get(timeout=0.5)
            except queue.Empty:
                continue

    def _import_now_and_then(self) -> None:
        chance = random.Random(self.seed)
        while not self._no_more.wait(IMPORT_LOOK_SECONDS):
            if self._children.qsize() < FEW:
                word = uuid4().hex[:6]
                ids = [f"N{word}{number:03}" for number in range(IMPORTED)]
                for child in import_more(chance.choice(self.teams), ids):
                    self._children.put(child)
                self.finished["import"] += 1

    def _log_in(self) -> None:
        chance = random.Random(self.seed)
        while not self._no_more.wait(LOG_IN_SECONDS):
            team = chance.choice(self.teams)
            role = chance.choice(("social_worker", "designated_teacher", "virtual_school"))
            known = getattr(team, role)
            assert isinstance(known, Patient)
            replace(known, login={}, _clients={}, _renewing=threading.Lock()).log_in()
            self.finished["log-in"] += 1

    def _visit(self) -> None:
        """Open the portal's first page: it is there whole, or not at all."""
        with plain_http.client(self.town.system.url("portal"), timeout=10) as client:
            while not self._no_more.wait(VISIT_SECONDS):
                try:
                    shown = client.get("/", follow_redirects=True)
                except httpx.TransportError as error:
                    self.visits[type(error).__name__] += 1
                    continue
                whole = shown.status_code != 200 or "</html>" in shown.text
                self.visits[str(shown.status_code) if whole else "half a page"] += 1


def why(error: BaseException) -> str:
    """Say in a line where a journey ended, from the first cause on."""
    said = []
    cause: BaseException | None = error
    while cause:
        step = traceback.extract_tb(cause.__traceback__)[1:][:1]
        where = f"{step[0].name}, line {step[0].lineno}: " if step else ""
        said.append(f"{where}{cause}"[:300])
        cause = cause.__cause__
    return "; because ".join(said)
