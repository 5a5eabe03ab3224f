"""What an auditor does with an exported folder: prove it, and replay it."""

import asyncio
import os
import re
from collections import deque
from collections.abc import Mapping, Sequence
from pathlib import Path

import asyncpg
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn

from epep_local.databases import create_database
from epep_local.keys import secret_key
from epep_local.services import service
from epep_local.topics import CONTEXTS
from epep_local.voice import Voice
from epep_runtime.proof.auditor_keys import make_key_pair
from epep_runtime.proof.folder import FolderError, services_in
from epep_runtime.proof.on_files import BROKEN, verify_folder
from epepctl.places import local_system
from epepctl.problem import ToolError
from epepctl.progressing import run_with_progress
from epepctl.rebuilding import python_module

WITH_A_LOG = CONTEXTS
"""The services that have a log: the portal has none."""

DIGEST = re.compile(r"^[0-9a-f]{64} ")


def verify_export(
    folder: Path,
    name: str | None,
    stream: str | None,
    trusted: Sequence[str],
    known: Path | None,
    console: Console,
) -> int:
    """Prove a folder and return the exit status. Raises ToolError where it cannot be read."""
    services = [name] if name else []

    def say(sentence: str) -> None:
        console.print(sentence, markup=False)

    try:
        return verify_folder(folder, services, stream, trusted, known, say)
    except FolderError as error:
        raise ToolError(str(error)) from None


def replay_all(
    folder: Path, postgres: str | None, prefix: str, key: Path | None, console: Console
) -> int:
    """Replay every service of the folder into new databases; return the exit status."""
    try:
        names = services_in(folder)
    except FolderError as error:
        raise ToolError(str(error)) from None
    if verify_export(folder, None, None, [], None, console) == BROKEN:
        raise ToolError("Nothing was replayed: this export is not what was said and signed.", 3)
    server = postgres or _local_postgres(console)
    keyring = _keyring(server, prefix)
    for name in names:
        url = _new_database(server, f"{prefix}{name}")
        with_key = ["--key", str(key.resolve())] if key else []
        told = keyring | {"EPEP_DATABASE_URL": url}
        for line in _replay(name, told, [str(folder.resolve()), *with_key], console):
            console.print(line, markup=False)
    console.print(f"Every read model is built from {folder}: databases {prefix}*.", markup=False)
    return 0


def _keyring(server: str, prefix: str) -> dict[str, str]:
    """Return the settings of the auditor's own keyring: the one given, or a new empty one.

    Personal values whose subject's key is not in it read `[sealed]`.
    """
    names = ("EPEP_KEYRING_URL", "EPEP_KEYRING_MASTER_KEY")
    if all(name in os.environ for name in names):
        return {name: os.environ[name] for name in names}
    return dict(zip(names, (_new_database(server, f"{prefix}keyring"), secret_key()), strict=True))


def _new_database(server: str, name: str) -> str:
    try:
        return asyncio.run(create_database(server, name))
    except (OSError, ValueError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise ToolError(
            f"No database could be made on that PostgreSQL server: {type(error).__name__}."
        ) from None


def make_auditor_key(path: Path, console: Console) -> None:
    """Make an auditor's pair of keys and say which is for whom. Raises ToolError."""
    try:
        fingerprint = make_key_pair(path)
    except FolderError as error:
        raise ToolError(str(error)) from None
    console.print(f"{path} is for you alone: it opens the people's keys.", markup=False)
    console.print(
        f"{path}.pub is for whoever exports. Its fingerprint: {fingerprint}", markup=False
    )


def _local_postgres(console: Console) -> str:
    local = local_system(Voice(console))
    if local is None:
        raise ToolError("Name a PostgreSQL server with --postgres, or `make up` starts one.", 2)
    return local.backends.postgres_admin_url


def _replay(
    name: str, settings: Mapping[str, str], arguments: Sequence[str], console: Console
) -> list[str]:
    """Run one service's replay, showing how far it is; return its digests."""
    told = {key: value for key, value in os.environ.items() if not key.startswith("EPEP_")}
    columns = (
        TextColumn(f"Replaying {name}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("events"),
        TimeElapsedColumn(),
    )
    digests: list[str] = []
    said: deque[str] = deque(maxlen=8)
    status = run_with_progress(
        [*python_module(service(name).module), "replay", *arguments],
        told | {**settings, "EPEP_LOG_LEVEL": "WARNING"},
        columns,
        console,
        lambda line: (digests if DIGEST.match(line) else said).append(line),
    )
    if status:
        raise ToolError(f"{name} could not be replayed:\n" + "\n".join(said))
    return digests
