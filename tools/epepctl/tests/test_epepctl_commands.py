"""The command line itself: what it refuses, with which exit status, and rebuilding."""

import sys
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from typer.testing import CliRunner

from epepctl.__main__ import app
from epepctl.places import address
from epepctl.problem import ToolError
from epepctl.rebuilding import rebuild

SCRIPTED = """
import sys
read_model = sys.argv[-1]
if read_model == "unknown":
    print("error: argument read_model: invalid choice: 'unknown' (choose from 'home', 'access')")
    sys.exit(2)
print('{"event": "a log line"}')
print("0 10")
print("10 10")
if read_model == "broken":
    print("the database is away")
    sys.exit(1)
"""


@pytest.fixture
def console() -> Console:
    return Console(record=True, width=100, force_terminal=False)


def run_rebuild(read_model: str, console: Console) -> None:
    rebuild("pep", read_model, [sys.executable, "-c", SCRIPTED], {}, console)


def test_a_rebuild_shows_how_far_it_is(console: Console) -> None:
    run_rebuild("home", console)
    text = console.export_text()
    assert "10/10" in text
    assert "home of pep is rebuilt." in text
    assert "a log line" not in text


def test_a_read_model_that_is_none_and_a_rebuild_that_fails(console: Console) -> None:
    with pytest.raises(ToolError, match=r"no read model 'unknown'\. It has: home, access") as none:
        run_rebuild("unknown", console)
    assert none.value.status == 2
    with pytest.raises(ToolError, match="the database is away") as failed:
        run_rebuild("broken", console)
    assert failed.value.status == 1


@pytest.fixture
def files(tmp_path: Path) -> list[str]:
    paths = [tmp_path / "header.csv", tmp_path / "episodes.csv"]
    for path in paths:
        path.write_text("CHILD\n")
    return [str(path) for path in paths]


def invoke(*arguments: str, **environment: str) -> Any:
    return CliRunner().invoke(app, list(arguments), env=environment, input="")


def test_wrong_usage_has_status_2_and_a_sentence(files: list[str]) -> None:
    code = invoke("import-children", *files, "--authority", "33x")
    assert (code.exit_code, "three-digit" in code.output) == (2, True)
    missing = invoke("import-children", "nowhere.csv", files[1], "--authority", "330")
    assert missing.exit_code == 2
    service = invoke("rebuild", "peep", "home")
    assert (service.exit_code, "There is no service 'peep'" in service.output) == (2, True)
    nobody = invoke("import-children", *files, "--authority", "330", EPEPCTL_EMAIL="")
    assert (nobody.exit_code, "set EPEPCTL_EMAIL" in nobody.output) == (2, True)
    odd = invoke("import-children", *files, "--authority", "330", EPEP_PEP_URL="pep:8410")
    assert (odd.exit_code, "EPEP_PEP_URL=pep:8410" in odd.output) == (2, True)


def test_a_system_that_does_not_run_has_status_1(files: list[str], unused_address: str) -> None:
    answer = invoke(
        "import-children",
        *files,
        "--authority",
        "330",
        EPEP_IDENTITY_URL=unused_address,
        EPEPCTL_EMAIL="p@vs.example",
        EPEPCTL_PASSWORD="secret",
    )
    assert (answer.exit_code, "Does the system run?" in answer.output) == (1, True)
    status = invoke("status", EPEP_PEP_URL=unused_address)
    assert (status.exit_code, "does not answer" in status.output) == (1, True)


def test_a_machine_on_which_nothing_was_started(tmp_path: Path) -> None:
    status = invoke("status", EPEP_STATE=str(tmp_path))
    assert (status.exit_code, "never started" in status.output) == (1, True)
    rebuilt = invoke("rebuild", "pep", "home", EPEP_STATE=str(tmp_path))
    assert (rebuilt.exit_code, "Nothing says where" in rebuilt.output) == (1, True)


@pytest.fixture
def unused_address() -> str:
    from epep_local.ports import free_port

    return f"http://127.0.0.1:{free_port()}"


def test_addresses_are_given_or_local(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EPEP_STATE", str(tmp_path))
    assert address("pep", {}) == "http://127.0.0.1:8410"
    assert address("identity", {}) == "http://127.0.0.1:8414"
    assert address("pep", {"EPEP_PEP_URL": "https://pep.example/"}) == "https://pep.example"
