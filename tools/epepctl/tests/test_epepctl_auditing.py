"""The auditor's commands: what they refuse, in which words and with which exit status."""

from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from epepctl.__main__ import app


def invoke(*arguments: str, **environment: str) -> Any:
    return CliRunner().invoke(app, list(arguments), env=environment, input="")


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (["verify"], 2, "Name a service, or an exported folder"),
        (["verify", "peep"], 2, "There is no service 'peep'"),
        (["verify", "--export", "nowhere"], 1, "nowhere is not an export"),
        (["verify", "--export", "nowhere", "pep"], 1, "has no readable manifest.json"),
        (["replay", "nowhere", "--postgres", "postgresql://x"], 1, "nowhere is not an export"),
        (["export", "folder"], 2, "--why"),
        (["seal", "portal"], 2, "The portal has no log"),
        (["republish", "portal"], 2, "The portal has no log"),
    ],
)
def test_what_cannot_be_done_is_said(arguments: list[str], status: int, said: str) -> None:
    done = invoke(*arguments)
    assert (done.exit_code, said in done.output) == (status, True), done.output


def test_the_database_of_one_service_is_not_taken_for_all(tmp_path: Path) -> None:
    told = {"EPEP_DATABASE_URL": "postgresql://nobody@127.0.0.1:1/pep"}
    done = invoke("export", str(tmp_path / "a"), "--why", "audit", **told)
    assert (done.exit_code, "name that one with --service" in done.output) == (2, True)


def test_a_folder_that_is_no_export_is_named(tmp_path: Path) -> None:
    (tmp_path / "pep").mkdir()
    (tmp_path / "pep" / "manifest.json").write_text('{"format": "other"}')
    done = invoke("verify", "--export", str(tmp_path))
    assert (done.exit_code, "is not a manifest of an export" in done.output) == (1, True)
