"""The page about security names tests that there are."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/security.md").read_text("utf-8")
FOLDERS = ("services", "shared", "tests", "tools", "deploy")
CHAPTERS = ("V3", "V6", "V7", "V8", "V9")


def known_tests() -> tuple[set[str], set[str]]:
    """Return the names of all test files, and of all tests."""
    files = [path for folder in FOLDERS for path in (ROOT / folder).rglob("test_*.py")]
    tests = re.compile(r"^(?:async )?def (test_\w+)", re.MULTILINE)
    return {each.name for each in files}, {
        name for each in files for name in tests.findall(each.read_text("utf-8"))
    }


def test_every_test_that_it_names_is_there() -> None:
    named = set(re.findall(r"`(test_\w+(?:\.py)?)`", PAGE))
    files, tests = known_tests()
    assert len(named) > 60
    assert named - files - tests == set()


def test_every_chapter_has_its_section_and_every_line_says_how_or_what_is_missing() -> None:
    for chapter in CHAPTERS:
        section = PAGE.partition(f"## {chapter} ")[2].partition("\n## ")[0]
        rows = [line for line in section.splitlines() if re.match(r"\| \d", line)]
        assert len(rows) >= 6, chapter
        for row in rows:
            requirement, how, tests = (cell.strip() for cell in row.strip("|").split("|"))
            assert requirement.startswith(chapter[1:]), row
            assert how or tests not in {"", "–"}, row
