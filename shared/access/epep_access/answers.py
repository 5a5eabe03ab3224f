"""Answers to the question of who may see whom, remembered until something of it changes.

A page is several requests, and somebody who works on a child's plan asks the same for an hour.
Every process hears when a read model of access has changed (`epep_runtime.news`), with the
transaction that changed it, and forgets all answers; while it cannot hear, it remembers none. So
whoever is locked out is out when the service knows of it, as if the database were asked each time.

What ends by the clock alone: a role or an allocation ends with a day in England, and no answer is
used on another day than its own. Emergency access, delegations and cover end at an hour of their
own; such answers are not remembered.
"""

from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime
from typing import Any, TypeAlias
from uuid import UUID

from epep_runtime.civil_time import local_date
from epep_runtime.news import News
from epep_runtime.recent import Recent
from epep_runtime.service import Running

MOST = 20_000
"""Answers; each is about a kilobyte."""
KEPT_SECONDS = 60.0
"""What begins by the clock alone, such as a delegation that was made for later, shows by then."""
Name: TypeAlias = tuple[UUID, UUID, date]


def _today() -> date:
    return local_date(datetime.now(UTC))


class Answers:
    """What the database said of a person and a child, by account id, child id and day."""

    def __init__(self, news: News, today: Callable[[], date] = _today) -> None:
        self._news, self._today = news, today
        self._kept: Recent[Name, Any] = Recent(MOST, KEPT_SECONDS)
        self._edition: int | None = None

    async def find(
        self,
        account_id: UUID,
        child_id: UUID,
        ask: Callable[[], Awaitable[Any]],
        lasts: Callable[[Any], bool],
    ) -> Any:
        """Return the answer, remembered or asked for; a new one is kept where it `lasts`."""
        edition = self._news.edition
        if edition != self._edition:
            self._kept.clear()
            self._edition = edition
        name = (account_id, child_id, self._today())
        found = self._kept.find([name])
        if found:
            return found[name]
        answer = await ask()
        # Something may have changed after the database looked, and been heard before it answered.
        if edition is not None and edition == self._news.edition and lasts(answer):
            self._kept.keep({name: answer})
        return answer


async def remember_answers(process: Running) -> None:
    """Give the process its memory of answers; for `Service(on_start=…)`."""
    process.parts[Answers] = Answers(process.news)
