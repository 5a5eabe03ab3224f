"""The operator's commands: open accounts, suspend, restore, list. None of them needs Kafka."""

import argparse
import asyncio
import getpass
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
from pydantic import ValidationError

from epep_events.contexts import catalog
from epep_runtime.event_store import EventStore
from epep_runtime.postgres import open_pool
from epep_runtime.text import email_address
from identity_service.operating.acting import Desk
from identity_service.operating.reading import (
    UnreadableError,
    account_from,
    accounts_from_lines,
    explained,
    welcome_from,
)
from identity_service.passwords.hashing import Passwords
from identity_service.settings import IdentitySettings

COMMANDS = (
    "account",
    "accounts-from",
    "first-administrator",
    "rotate-keys",
    "suspend",
    "restore",
    "list",
)


def operate(argv: Sequence[str]) -> int:
    """Carry out one command and return the exit status: 0, or 1 with a sentence on stderr."""
    arguments = _arguments(argv)
    try:
        settings = IdentitySettings()
        asyncio.run(_carry_out(arguments, settings))
    except ValidationError as error:
        return _refused([f"The environment: {line}" for line in explained(error, "EPEP_")])
    except UnreadableError as error:
        return _refused(error.lines)
    except asyncpg.UndefinedTableError:
        return _refused(
            ["The database has no tables yet: run `python -m identity_service migrate`."]
        )
    except (asyncpg.PostgresConnectionError, asyncpg.InvalidCatalogNameError, OSError) as error:
        return _refused([f"The database cannot be reached: {type(error).__name__}."])
    return 0


def _refused(lines: Sequence[str]) -> int:
    sys.stderr.write("".join(f"{line}\n" for line in lines))
    return 1


def _arguments(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser("python -m identity_service")
    commands = parser.add_subparsers(dest="command", required=True)
    one = commands.add_parser("account", help="open an account, or add to it; prints its id")
    one.add_argument("--name", required=True)
    one.add_argument("--email", required=True)
    one.add_argument("--password-stdin", action="store_true", help="else it is asked for")
    one.add_argument("--grant", action="append", default=[], metavar="330:ROLE[:URN]")
    one.add_argument("--phone")
    one.add_argument("--job-title")
    several = commands.add_parser("accounts-from", help="open accounts, one JSON object a line")
    several.add_argument("file", help="a file, or - for standard input")
    first = commands.add_parser(
        "first-administrator", help="make an authority's first administrator; prints a link"
    )
    first.add_argument("--authority", required=True, metavar="330")
    first.add_argument("--name", required=True)
    first.add_argument("--email", required=True)
    commands.add_parser("rotate-keys", help="publish the next signing key; prints its id")
    for name, what in (("suspend", "lock a person out at once"), ("restore", "let them back in")):
        command = commands.add_parser(name, help=what)
        command.add_argument("--email", required=True)
        command.add_argument("--why", required=True)
    listing = commands.add_parser("list", help="list the accounts, tab-separated")
    listing.add_argument("--authority", metavar="330")
    return parser.parse_args(argv)


@asynccontextmanager
async def _desk(settings: IdentitySettings) -> AsyncIterator[Desk]:
    keyring = settings.keyring()
    pool = await open_pool(settings.database_url.get_secret_value(), 4)
    try:
        yield Desk(pool, EventStore(catalog(), "identity", keyring), Passwords(settings), settings)
    finally:
        await keyring.close()
        await pool.close()


async def _carry_out(arguments: argparse.Namespace, settings: IdentitySettings) -> None:
    if arguments.command == "account":
        command = account_from(arguments, _password(arguments.password_stdin))
        async with _desk(settings) as desk:
            opened = await desk.open_all([command])
        _say(str(opened[0].account_id))
    elif arguments.command == "accounts-from":
        wanted = accounts_from_lines(_lines(arguments.file))
        async with _desk(settings) as desk:
            opened = await desk.open_all(wanted)
        for each, done in zip(wanted, opened, strict=True):
            _say(f"{done.account_id}\t{each.email}\t{done.outcome}")
    elif arguments.command == "first-administrator":
        wanted_administrator = welcome_from(arguments)
        async with _desk(settings) as desk:
            _say(await desk.welcome(wanted_administrator))
    elif arguments.command == "rotate-keys":
        async with _desk(settings) as desk:
            _say(await desk.rotate_keys())
    elif arguments.command == "list":
        async with _desk(settings) as desk:
            for line in await desk.listing(arguments.authority):
                _say(line)
    else:
        async with _desk(settings) as desk:
            _say(await _suspend_or_restore(desk, arguments))


async def _suspend_or_restore(desk: Desk, arguments: argparse.Namespace) -> str:
    try:
        email = email_address(arguments.email)
    except ValueError as error:
        raise UnreadableError([f"email: {error}"]) from error
    why = arguments.why.strip()
    if not why:
        raise UnreadableError(["why: is needed, it is kept with the account"])
    if arguments.command == "suspend":
        return await desk.suspend(email, why)
    return await desk.restore(email, why)


def _password(from_stdin: bool) -> str:
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    return getpass.getpass("Password for the account: ")


def _lines(name: str) -> list[str]:
    if name == "-":
        return sys.stdin.read().splitlines()
    try:
        return Path(name).read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UnreadableError([f"{name} cannot be read: {type(error).__name__}."]) from error


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
