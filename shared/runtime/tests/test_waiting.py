from __future__ import annotations

import asyncio

import asyncpg
import pytest

from epep_runtime import waiting
from epep_runtime.waiting import ended, when_there


class Opening:
    """A step of starting that fails so many times."""

    def __init__(self, error: Exception, times: int) -> None:
        self.error, self.times, self.tried = error, times, 0

    async def __call__(self) -> str:
        self.tried += 1
        if self.tried <= self.times:
            raise self.error
        return "open"


@pytest.fixture(autouse=True)
def _in_no_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "PAUSE_SECONDS", 0.0)
    monkeypatch.setattr(waiting, "PATIENCE_SECONDS", 0.2)


@pytest.mark.parametrize(
    "error",
    [
        ConnectionRefusedError(),
        asyncpg.CannotConnectNowError(),
        asyncpg.ConnectionDoesNotExistError(),
        asyncpg.AdminShutdownError(),
    ],
)
async def test_a_process_that_starts_with_its_database_waits_for_it(error: Exception) -> None:
    opening = Opening(error, 3)
    assert await when_there(opening) == "open"
    assert opening.tried == 4


@pytest.mark.parametrize(
    "error",
    [
        asyncpg.InvalidPasswordError(),
        asyncpg.InvalidCatalogNameError(),
        asyncpg.ClientConfigurationError("no such host option"),
        ValueError(),
    ],
)
async def test_what_waiting_does_not_mend_is_said_at_once(error: Exception) -> None:
    opening = Opening(error, 1)
    with pytest.raises(type(error)):
        await when_there(opening)
    assert opening.tried == 1


async def test_it_does_not_wait_for_ever() -> None:
    opening = Opening(ConnectionRefusedError(), 10**9)
    with pytest.raises(ConnectionRefusedError):
        await when_there(opening)
    assert opening.tried > 1


@pytest.mark.parametrize("how", ["ends", "fails"])
async def test_a_task_that_swallows_a_cancellation_ends_all_the_same(
    how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting, "AGAIN_SECONDS", 0.01)
    swallowed = asyncio.Event()

    async def deaf() -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            swallowed.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            if how == "fails":
                raise ConnectionRefusedError from None
            raise

    task = asyncio.create_task(deaf())
    await asyncio.sleep(0)
    await asyncio.wait_for(ended(task), 30)
    assert task.done()
    assert swallowed.is_set()


async def test_what_a_task_does_at_its_end_is_not_cut_short() -> None:
    finished = asyncio.Event()

    async def tidy() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            for _ in range(20):
                await asyncio.sleep(0)
            finished.set()

    task = asyncio.create_task(tidy())
    await asyncio.sleep(0)
    await ended(task)
    assert finished.is_set()
