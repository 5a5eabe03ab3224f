"""A short storm over the whole system: the same as `make chaos`, with fewer kills."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

SECONDS, SEED = 40, 8


@pytest.mark.system
def test_no_promise_is_broken_by_a_short_storm(tmp_path: Path) -> None:
    here = Path(__file__).parent
    report = tmp_path / "report"
    told = {
        "CHAOS_SECONDS": str(SECONDS),
        "CHAOS_SEED": str(SEED),
        "CHAOS_REPORT": str(report),
        "PYTHONPATH": str(here.parent / "integration"),
    }
    # A process of its own: what it kills is tied to it, and its threads end with it.
    ended = subprocess.run(
        [sys.executable, here / "chaos.py"],
        env=os.environ | told,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout[-6000:] + ended.stderr[-3000:]
    assert "promises were kept" in report.read_text()
