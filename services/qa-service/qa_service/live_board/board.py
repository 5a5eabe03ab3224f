"""The live board as parts of a running process: what the API reads, and what its roles do."""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from prometheus_client.core import Metric

from epep_runtime.civil_time import local_date
from epep_runtime.metrics import gauge
from epep_runtime.postgres import Pool
from epep_runtime.service import Running
from qa_service.live_board.counting import Known, count
from qa_service.live_board.counting_worker import BoardWorker
from qa_service.live_board.follower import Follower
from qa_service.live_board.profiles import profile_versions
from qa_service.live_board.reach import Reach
from qa_service.live_board.shapes import Board, Numbers
from qa_service.settings import QASettings

RECOUNT_SECONDS = 0.5
"""An authority is counted at most so often, however much happens and however many people look."""


@dataclass(frozen=True, slots=True)
class Counted:
    """An authority's numbers, of which change and moment they are, and when they were counted."""

    numbers: Numbers
    changes: int
    as_of: datetime | None
    at: float
    whole: bool


@dataclass
class LiveBoard:
    """What this process knows of all boards, and how fresh it is."""

    pool: Pool
    clock: Callable[[], datetime]
    follower: Follower
    reach: Reach
    _counted: dict[str, Counted] = field(default_factory=dict)
    _known: dict[str, Known] = field(default_factory=dict)

    async def counted(self, authority: str) -> Counted | None:
        """Return the authority's numbers of today; None where no profile of it is known here.

        They may lack what came in the last half second: `changes` tells which change they are of.
        """
        today, changes = local_date(self.clock()), self.follower.changes(authority)
        last = self._counted.get(authority)
        if last and last.numbers.today == today:
            recent = time.monotonic() - last.at < RECOUNT_SECONDS
            if recent or (last.whole and last.changes == changes):
                return last
        profiles = await profile_versions(self.pool, authority)
        if profiles is None:
            return None
        known = self._known.get(authority)
        if known is None or known.versions != frozenset(profiles.versions):
            known = self._known[authority] = Known(frozenset(profiles.versions))
        changes, as_of = self.follower.changes(authority), self.reach.as_of
        numbers = count(self.follower.values(authority), profiles, today, known)
        whole = await self._initialled(numbers)
        found = Counted(numbers, changes, as_of, time.monotonic(), whole)
        self._counted[authority] = found
        return found

    async def _initialled(self, numbers: Numbers) -> bool:
        """Put the children's initials to the PEPs that are named; False where some are unknown."""
        named = {each.pep_id: each for each in numbers.longest_overdue}
        rows = await self.pool.fetch(
            "SELECT pep_id, initials FROM peps WHERE pep_id = ANY($1)", [*named]
        )
        for row in rows:
            named[row["pep_id"]].child_initials = row["initials"]
        return len(rows) == len(named)

    def dated(self, counted: Counted) -> Board:
        """Return the numbers with the moment until which they hold: now, if nothing came since."""
        changes = self.follower.changes(counted.numbers.authority.code)
        as_of = self.reach.as_of if changes == counted.changes else counted.as_of
        late = self.reach.is_late(as_of)
        return Board(**dict(counted.numbers), as_of=as_of, catching_up=late)


def _settings(process: Running) -> QASettings:
    settings = process.settings
    assert isinstance(settings, QASettings)
    return settings


async def prepare(process: Running) -> None:
    """For `on_start`: put the parts that this process's roles need where routes find them."""
    settings, clock = _settings(process), process.store.clock
    follower = Follower(settings)
    board = LiveBoard(process.pool, clock, follower, Reach(settings, follower, clock))
    process.parts[LiveBoard] = board
    if settings.has_role("board"):
        worker = process.parts[BoardWorker] = BoardWorker(settings)
        process.lags.append(worker.lag)


async def follow(process: Running) -> None:
    """For the role `api`: keep what the board's readers are told up to date."""
    board = process.part(LiveBoard)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(board.follower.run())
        tasks.create_task(board.reach.run())


async def work(process: Running) -> None:
    """For the role `board`: count."""
    await process.part(BoardWorker).run()


async def metrics(process: Running) -> Sequence[Metric]:
    """Return the gauges of the board: what the worker has yet to do, and how old the numbers are.

    `epep_board_lag_events` and `epep_board_unreadable_events` add up over the workers;
    `epep_board_age_seconds` of a process of the API says how old its numbers are.
    """
    found: list[Metric] = []
    worker: BoardWorker | None = process.parts.get(BoardWorker)
    if worker:
        found.append(_gauge("lag_events", "Events that the board has not counted.", worker.behind))
        found.append(_gauge("unreadable_events", "Events it cannot read.", worker.unreadable))
    board = process.part(LiveBoard)
    if board.reach.as_of:
        age = (process.store.clock() - board.reach.as_of).total_seconds()
        found.append(_gauge("age_seconds", "How long ago the numbers were whole.", age))
    return found


def _gauge(name: str, what: str, value: float) -> Metric:
    found = gauge(f"board_{name}", what)
    found.add_metric([], value)
    return found
