from __future__ import annotations

import asyncpg
import pytest

from epep_runtime import waiting
from epep_runtime.waiting import when_there


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
