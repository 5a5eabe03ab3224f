"""The live board as parts of a running process: what the API reads, and what its roles do."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from prometheus_client.core import GaugeMetricFamily, Metric

from epep_runtime.civil_time import local_date
from epep_runtime.postgres import Pool
from epep_runtime.service import Running
from qa_service.live_board.counting import count
from qa_service.live_board.counting_worker import BoardWorker
from qa_service.live_board.follower import Follower
from qa_service.live_board.profiles import profile_versions
from qa_service.live_board.reach import Reach
from qa_service.live_board.shapes import Board, Numbers
from qa_service.settings import QASettings


@dataclass
class LiveBoard:
    """What this process knows of all boards, and how fresh it is."""

    pool: Pool
    clock: Callable[[], datetime]
    follower: Follower
    reach: Reach
    _counted: dict[str, tuple[int, date, Numbers]] = field(default_factory=dict)

    async def numbers(self, authority: str) -> Numbers | None:
        """Return the authority's numbers of today; None where no profile of it is known here.

        They are counted once for each change of a value, however many people look.
        """
        today, changes = local_date(self.clock()), self.follower.changes(authority)
        known = self._counted.get(authority)
        if known and known[:2] == (changes, today):
            return known[2]
        profiles = await profile_versions(self.pool, authority)
        if profiles is None:
            return None
        numbers = count(self.follower.values(authority), profiles, today)
        if await self._initialled(numbers):
            self._counted[authority] = (changes, today, numbers)
        return numbers

    async def _initialled(self, numbers: Numbers) -> bool:
        """Put the children's initials to the PEPs that are named; False where some are unknown."""
        named = {each.pep_id: each for each in numbers.longest_overdue}
        rows = await self.pool.fetch(
            "SELECT pep_id, initials FROM peps WHERE pep_id = ANY($1)", [*named]
        )
        for row in rows:
            named[row["pep_id"]].child_initials = row["initials"]
        return len(rows) == len(named)

    def dated(self, numbers: Numbers) -> Board:
        """Return the numbers with the moment until which they hold."""
        return Board(
            **dict(numbers), as_of=self.reach.as_of, catching_up=self.reach.late
        )  # fmt: skip


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


def _gauge(name: str, what: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"epep_board_{name}", what, value=value)
