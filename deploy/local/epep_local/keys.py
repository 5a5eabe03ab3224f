"""Keys and passwords of this machine's system, made once and kept for their owner only."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Callable
from pathlib import Path

from epep_local.places import write_private


def kept(path: Path, make: Callable[[], str]) -> str:
    """The text in `path` (mode 0600), made by `make` the first time."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_private(path, make())
    return path.read_text("utf-8")


def secret_key() -> str:
    """32 random bytes in base64, as `EPEP_SECRET_KEY` wants them."""
    return base64.b64encode(secrets.token_bytes(32)).decode("ascii")


def password() -> str:
    """A random password that needs no escaping anywhere."""
    return secrets.token_urlsafe(24)
