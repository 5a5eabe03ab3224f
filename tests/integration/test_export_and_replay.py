"""An auditor gets files, proves them, and builds every read model from them: the same bytes."""

from __future__ import annotations

import asyncio
import gzip
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from at_rest import wait_at_rest
from authority import Authority
from erasing import own, own_here
from journeys import create_pep, draft_target, fill_page, hold_meeting

from epep_local.backends import Backends
from epep_local.databases import drop_database
from epep_local.system import System
from epep_local.topics import CONTEXTS

pytestmark = pytest.mark.system


def epepctl(environment: dict[str, str], *arguments: str, status: int = 0) -> str:
    """Run epepctl as an auditor does; return what it says."""
    done = subprocess.run(
        [sys.executable, "-m", "epepctl", *arguments],
        env=environment | {"COLUMNS": "200"},
        text=True,
        capture_output=True,
        check=False,
    )
    assert done.returncode == status, done.stdout + done.stderr
    return done.stdout


def of_each_service(system: System, *arguments: str) -> dict[str, str]:
    """Run the same command of every service that has a log: {service: words}.

    One by its own command line; the others, whose command line is the same, without a process.
    """
    first, *others = CONTEXTS
    said = {name: own_here(system, name, *arguments) for name in others}
    return {first: own(system, first, *arguments), **said}


@pytest.fixture
def prefix(backends: Backends) -> Iterator[str]:
    word = f"replay_{uuid4().hex[:8]}_"
    yield word
    for name in CONTEXTS:
        asyncio.run(drop_database(backends.postgres_admin_url, f"{word}{name}"))


def test_files_prove_themselves_and_make_the_same_read_models(
    system: System, birmingham_again: Authority, backends: Backends, prefix: str, tmp_path: Path
) -> None:
    birmingham = birmingham_again
    teacher = birmingham.designated_teacher
    pep_id = create_pep(birmingham, birmingham.virtual_school)
    fill_page(pep_id, teacher, "setting")
    draft_target(pep_id, teacher)
    hold_meeting(pep_id, teacher)
    wait_at_rest(system)
    auditor = {
        key: value
        for key, value in system.environment("portal").items()
        if not key.startswith("EPEP_")
    }
    folder, private = tmp_path / "export", tmp_path / "auditor.key"
    made = epepctl(auditor, "auditor-key", str(private))
    assert f"{private}.pub is for whoever exports" in made
    wanted = ("export", str(folder), "--why", "yearly audit", "--keys-for", f"{private}.pub")
    for name, said in of_each_service(system, *wanted).items():
        assert f"\n{name}: " in "\n" + said
    wait_at_rest(system)
    assert not names_in(folder, "Hussain", "Sam Okoro", "two years behind")

    stream = f"pep-{pep_id}"
    of_one = epepctl(auditor, "verify", "--export", str(folder), "pep", stream)
    assert f"events of {stream}: the chain holds, and the newest signed root is over it." in of_one
    assert f"of {stream}: the chain holds" in own(system, "pep", "verify", stream)

    where = ("--postgres", backends.postgres_admin_url, "--prefix", prefix)
    replayed = epepctl(auditor, "replay", str(folder), "--key", str(private), *where)
    assert replayed.count("the chain of every stream holds") == len(CONTEXTS)
    live = [
        line for said in of_each_service(system, "digest").values() for line in digests_in(said)
    ]
    assert sorted(digests_in(replayed)) == sorted(live)
    rows = {line.split()[3]: int(line.split()[1]) for line in live}
    assert all(rows[table] for table in ("change_log", "children", "home", "pep_cards"))

    said = own(system, "pep", "history", pep_id, "--why", "complaint 12", "--json")
    told = [each["row"]["what"] for each in json.loads(said)["events"]]
    assert told[0].startswith("PEP created")
    assert "Target drafted" in told
    epepctl(auditor, "verify", "--export", str(tmp_path / "no"), status=1)


def names_in(folder: Path, *names: str) -> list[str]:
    """Return which of these can be read in the exported files."""
    text = b"".join(
        gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    ).decode()
    return [name for name in names if name in text]


def digests_in(said: str) -> list[str]:
    """Return the lines `<sha256> <rows> <read model> <table>`."""
    return [line for line in said.splitlines() if len(line.partition(" ")[0]) == 64]
