"""What the operator types or pipes in, checked before anything is done."""

import argparse
from collections.abc import Iterable, Sequence
from typing import Any

import orjson
from pydantic import ValidationError

from identity_service.accounts.opening import OpenAccount
from identity_service.operating.welcoming import Welcome


class UnreadableError(Exception):
    """Something was typed wrongly; `lines` say what, and never repeat it (it may be a password)."""

    def __init__(self, lines: Sequence[str]) -> None:
        super().__init__(*lines)
        self.lines = list(lines)


def explained(error: ValidationError, prefix: str = "") -> list[str]:
    """Return a line for each thing wrong, as `field: message`."""
    lines = []
    for each in error.errors(include_url=False, include_context=False, include_input=False):
        field = ".".join(str(part) for part in each["loc"])
        name = f"{prefix}{field}".upper() if prefix else field
        lines.append(f"{name}: {each['msg'].removeprefix('Value error, ')}")
    return lines


def account_from(arguments: argparse.Namespace, password: str) -> OpenAccount:
    """Return the account that the command line asks for. Raises UnreadableError."""
    wanted: dict[str, Any] = {
        "name": arguments.name,
        "email": arguments.email,
        "password": password,
        "grants": arguments.grant,
        "phone": arguments.phone,
        "job_title": arguments.job_title,
    }
    try:
        return OpenAccount.model_validate(wanted)
    except ValidationError as error:
        raise UnreadableError(explained(error)) from error


def welcome_from(arguments: argparse.Namespace) -> Welcome:
    """Return the administrator that the command line asks for. Raises UnreadableError."""
    wanted = {name: getattr(arguments, name) for name in ("name", "email", "authority")}
    try:
        return Welcome.model_validate(wanted)
    except ValidationError as error:
        raise UnreadableError(explained(error)) from error


def accounts_from_lines(lines: Iterable[str]) -> list[OpenAccount]:
    """Return the accounts of a file with one JSON object a line; empty lines are passed over.

    Raises UnreadableError with every line that does not fit: then nothing is done at all.
    """
    found: list[OpenAccount] = []
    wrong: list[str] = []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            found.append(OpenAccount.model_validate(orjson.loads(line)))
        except orjson.JSONDecodeError:
            wrong.append(f"line {number}: is not JSON")
        except ValidationError as error:
            wrong += [f"line {number}: {each}" for each in explained(error)]
    if wrong:
        raise UnreadableError(wrong)
    return found
