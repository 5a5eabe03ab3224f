"""Whatever the page for operators names is there: figures, commands, settings, alarms, tests."""

import re
from collections.abc import Iterator
from pathlib import Path

import yaml

from epepctl.__main__ import app

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/operations.md").read_text("utf-8")
FIGURE = re.compile(r"\bepep_[a-z_]+")
NO_FIGURES = {"epep_runtime", "epep_keyring"}


def sources() -> Iterator[str]:
    """Return the code of the services and what they share."""
    for folder in ("services", "shared", "deploy"):
        for path in (ROOT / folder).rglob("*.py"):
            if "tests" not in path.parts:
                yield path.read_text("utf-8")


def figures() -> set[str]:
    """Return the names of all figures that the code shows."""
    made = re.compile(r"\b(?:gauge|counter|Gauge|Counter|Histogram)\(\s*\"(?:epep_)?([a-z_]+)\"")
    found = {f"epep_{name}" for text in sources() for name in made.findall(text)}
    named = {name for text in sources() for name in FIGURE.findall(text)}  # made of two parts
    return found | named


def figures_in(text: str) -> set[str]:
    return {re.sub(r"_(bucket|count)$", "", name) for name in FIGURE.findall(text)} - NO_FIGURES


def test_every_figure_of_page_and_alarms_is_shown_by_something() -> None:
    alarms = yaml.safe_load((ROOT / "deploy/prometheus/alarms.yml").read_text("utf-8"))
    asked = figures_in(" ".join(each["expr"] for each in alarms["groups"][0]["rules"]))
    assert len(asked) >= 10
    assert (asked | figures_in(PAGE)) - figures() == set()


def test_every_alarm_says_what_to_do_and_was_tried() -> None:
    alarms = yaml.safe_load((ROOT / "deploy/prometheus/alarms.yml").read_text("utf-8"))
    names = {each["alert"] for each in alarms["groups"][0]["rules"]}
    assert names == set(re.findall(r"^### (\w+)$", PAGE, re.M))
    tried = PAGE.partition("## What was tried")[2].partition("\n## ")[0]
    rows = "\n".join(line for line in tried.splitlines() if line.startswith("| *"))
    assert set(re.findall(r"\*(\w+)\*", rows)) >= names
    assert "ot tried" not in PAGE


def test_every_command_is_one_of_epepctl_s() -> None:
    known = {
        each.name or each.callback.__name__ for each in app.registered_commands if each.callback
    }
    named = set(re.findall(r"epepctl ([a-z-]+)", PAGE))
    assert len(named) > 5
    assert named - known == set()


def test_every_setting_is_known_to_some_service() -> None:
    code = " ".join(sources())
    settings = set(re.findall(r"\b(?:EPEP|OTEL)_[A-Z_]*[A-Z]", PAGE))
    assert settings
    for each in settings:
        assert each in code or re.search(rf"\b{each.removeprefix('EPEP_').lower()}:", code), each


def test_every_test_that_it_names_is_there() -> None:
    files = [
        each
        for part in ("shared", "services", "tests", "tools", "deploy")
        for each in (ROOT / part).rglob("test_*.py")
    ]
    there = {each.name for each in files} | {
        name
        for each in files
        for name in re.findall(r"^(?:async )?def (test_\w+)", each.read_text("utf-8"), re.M)
    }
    named = set(re.findall(r"`(test_\w+(?:\.py)?)`", PAGE))
    assert named
    assert named - there == set()
