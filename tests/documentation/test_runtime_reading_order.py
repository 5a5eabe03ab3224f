"""Whoever reads the machinery finds each of its modules in the reading order, and no other."""

import re
from pathlib import Path

RUNTIME = Path(__file__).parents[2] / "shared/runtime"
FOLDER = RUNTIME / "epep_runtime"
NAMED = set(re.findall(r"`((?:sql/)?\w+\.(?:py|sql))", (RUNTIME / "README.md").read_text("utf-8")))


def test_every_module_has_its_place_in_it() -> None:
    modules = {each.name for each in FOLDER.glob("*.py")} - {"__init__.py"}
    assert len(modules) > 50
    assert modules - NAMED == set()


def test_every_file_that_it_names_is_there() -> None:
    places = (FOLDER, RUNTIME / "tests", RUNTIME / "tests/conformance")
    assert {name for name in NAMED if not any((each / name).exists() for each in places)} == set()
