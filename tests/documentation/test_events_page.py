"""Each guarantee in docs/events.md names tests that there are."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PARTS = ("shared", "services", "deploy", "tools", "tests")


def test_every_test_that_the_page_names_exists() -> None:
    named = set(re.findall(r"`(test_\w+)`", (ROOT / "docs/events.md").read_text("utf-8")))
    there = {
        name
        for part in PARTS
        for file in (ROOT / part).rglob("test_*.py")
        for name in re.findall(r"^(?:async )?def (test_\w+)", file.read_text("utf-8"), re.M)
    }
    assert named
    assert named - there == set()
