"""Where things live: the repository, the one state folder in it, and the shared cache."""

from __future__ import annotations

import os
from pathlib import Path

from epep_local.problem import LocalError


def repository() -> Path:
    """The checkout this package is installed from (the installs are editable)."""
    return Path(__file__).resolve().parents[3]


def state_folder() -> Path:
    """The one ignored folder that holds everything `make up` keeps; `EPEP_STATE` moves it."""
    return Path(os.environ.get("EPEP_STATE") or repository() / ".state").resolve()


def cache_folder() -> Path:
    """Downloads, kept over `make reset` and shared with the tests; `EPEP_CACHE` moves it."""
    return Path(os.environ.get("EPEP_CACHE") or state_folder() / "cache").resolve()


def ready(folder: Path, mode: int = 0o755) -> Path:
    """Make `folder` if it isn't there and check that we can read and write it.

    Raises LocalError with what to do otherwise.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=mode)
    except OSError as error:
        raise LocalError(
            f"The folder {folder} cannot be made ({error.strerror}). Make it yours, or set "
            f"EPEP_STATE to a folder that you can write to."
        ) from error
    if not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
        raise LocalError(
            f"The folder {folder} cannot be read and written by you. Run "
            f"`sudo chown -R $USER {folder}`, or set EPEP_STATE to another folder."
        )
    return folder


def write_private(path: Path, text: str) -> None:
    """Write a secret so that only its owner can read it (mode 0600), replacing what was there."""
    fresh = path.with_name(path.name + ".new")
    fresh.unlink(missing_ok=True)
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    fresh.replace(path)
