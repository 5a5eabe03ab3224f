"""`make up` migrates where the databases are: beside its own it notes so, elsewhere it cannot."""

from pathlib import Path

import pytest
from rich.console import Console

from epep_local import up
from epep_local.backends import POSTGRES_ADDRESS, Backends, Source
from epep_local.system import System
from epep_local.voice import Voice


class Migrated(System):
    """A system that counts how often it was migrated."""

    times = 0

    def migrate(self, *names: str) -> None:
        self.times += 1


@pytest.mark.parametrize(("elsewhere", "times"), [(True, 2), (False, 1)])
def test_databases_elsewhere_are_migrated_each_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, elsewhere: bool, times: int
) -> None:
    monkeypatch.delenv(POSTGRES_ADDRESS, raising=False)
    if elsewhere:
        monkeypatch.setenv(POSTGRES_ADDRESS, "postgresql://admin@elsewhere.invalid/postgres")
    else:
        (tmp_path / "postgres").mkdir()
        monkeypatch.setattr(up, "sources", lambda *_: {"postgres": Source.LOCAL})
    backends = Backends("127.0.0.1:1", "postgresql://x", "127.0.0.1", 1, None)
    system, voice = Migrated(backends, tmp_path), Voice(Console(quiet=True))
    for _ in range(2):
        up._migrate(system, voice)
    assert system.times == times
