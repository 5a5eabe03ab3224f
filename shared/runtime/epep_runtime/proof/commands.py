"""The operator's commands about proof: `seal`, `verify`, `export`, `replay`, `digest`."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from epep_events.contexts import catalog
from epep_runtime.event_store import EventStore
from epep_runtime.keyring import Keyring
from epep_runtime.migrations import Migration, migrate
from epep_runtime.operations import operator_cause
from epep_runtime.postgres import Pool, open_pool
from epep_runtime.postgres_keyring import KeyringError, PostgresKeyring, keyring_migrations
from epep_runtime.proof.auditor_keys import KEYS, opened_keys, read_key
from epep_runtime.proof.checking import first_lines
from epep_runtime.proof.exporting import KeysFor, export_log, seal_everything
from epep_runtime.proof.folder import Export, FolderError, services_in
from epep_runtime.proof.on_files import FAILED, known_seals, tell
from epep_runtime.proof.one_stream import lines
from epep_runtime.proof.replaying import digests, feed, load_store
from epep_runtime.proof.seals import SealRefusedError
from epep_runtime.proof.signing import WrongLogSecretError
from epep_runtime.proof.stored import check_store, check_stored_stream
from epep_runtime.rebuild import Saying
from epep_runtime.settings import Settings
from epep_runtime.subscriptions import Projector

COMMANDS = ("seal", "verify", "export", "replay", "digest")


def add_proof_commands(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the commands to a service's command line."""
    seal = commands.add_parser("seal", help="sign the root over all streams now")
    seal.add_argument("--new-key", action="store_true", help="make a new key and sign with it")
    verify = commands.add_parser("verify", help="prove that the log, or a stream, is whole")
    verify.add_argument("stream", nargs="?", help="only this stream")
    verify.add_argument("--trusted-key", action="append", default=[], help="a fingerprint")
    verify.add_argument("--known", type=Path, help="an earlier export, whose root must hold")
    export = commands.add_parser("export", help="write the log to files, for an auditor")
    export.add_argument("folder", type=Path)
    export.add_argument("--why", required=True, help="the reason, without personal data")
    export.add_argument("--keys-for", type=Path, help="an auditor's public key")
    replay = commands.add_parser("replay", help="load an export and build all read models from it")
    replay.add_argument("folder", type=Path)
    replay.add_argument("--key", type=Path, help="the auditor's private key")
    commands.add_parser("digest", help="print the SHA-256 of each read model's rows")


async def run_proof(
    name: str,
    settings: Settings,
    migrations: list[Migration],
    projectors: Sequence[Projector],
    arguments: argparse.Namespace,
) -> int:
    """Carry out one of the commands and return the exit status."""
    url = settings.database_url.get_secret_value()
    try:
        if arguments.command == "replay":
            await migrate(url, migrations)
            await migrate(settings.keyring_address(), keyring_migrations())
        async with await open_pool(url, 3) as pool:
            if arguments.command == "digest":
                return await _digest(pool, projectors)
            if arguments.command == "verify":
                return await _verify(pool, name, arguments)
            return await _with_keyring(pool, name, settings, projectors, arguments)
    except (FolderError, SealRefusedError, WrongLogSecretError, KeyringError) as error:
        print(error, file=sys.stderr)  # noqa: T201
        return FAILED


async def _with_keyring(
    pool: Pool,
    name: str,
    settings: Settings,
    projectors: Sequence[Projector],
    arguments: argparse.Namespace,
) -> int:
    keyring = settings.keyring()
    store = EventStore(catalog(), name, keyring)
    try:
        match arguments.command:
            case "replay":
                if arguments.key:
                    await _take_keys(keyring, arguments.folder, arguments.key)
                return await _replay(pool, keyring, Export(arguments.folder, name), projectors)
            case "seal":
                return await _seal(pool, store, _secret(settings), new_key=arguments.new_key)
            case _:
                return await _export(pool, store, keyring, _secret(settings), arguments)
    finally:
        await keyring.close()


def _secret(settings: Settings) -> bytes:
    secret = settings.log_secret()
    if secret is None:
        raise FolderError("EPEP_SECRET_KEY is not set: the log's signing key is kept under it.")
    return secret


async def _seal(pool: Pool, store: EventStore, secret: bytes, *, new_key: bool) -> int:
    seal = await seal_everything(pool, store, secret, operator_cause(), new_key=new_key)
    if seal is None:
        _say("There is nothing to sign: the newest root is over all events.")
        return 0
    _say(f"Signed the root over {seal.events:,} events in {seal.streams:,} streams.")
    _say(f"root {seal.root}, key {seal.kid}")
    return 0


async def _verify(pool: Pool, name: str, arguments: argparse.Namespace) -> int:
    trusted, stream_id = arguments.trusted_key, arguments.stream
    if stream_id:
        report = await check_stored_stream(pool, name, stream_id, trusted)
        return tell(report, lines(stream_id, report), _say)
    known = known_seals(arguments.known, name)
    report = await check_store(pool, name, trusted, known)
    return tell(report, first_lines(report), _say)


async def _export(
    pool: Pool,
    store: EventStore,
    keyring: PostgresKeyring,
    secret: bytes,
    arguments: argparse.Namespace,
) -> int:
    given: Path | None = arguments.keys_for
    keys_for = KeysFor(read_key(given, private=False), keyring) if given else None
    folder, why, cause = arguments.folder, arguments.why, operator_cause()
    made = await export_log(pool, store, secret, folder, why, cause, keys_for)
    _say(f"{store.source}: {made.events:,} events in {made.streams:,} streams, key {made.kid}")
    if keys_for:
        _say(f"{made.files[KEYS].rows:,} people's keys are in it, for {keys_for.jwk['kid']} alone.")
    return 0


async def _take_keys(keyring: PostgresKeyring, folder: Path, private: Path) -> None:
    """Put the people's keys of every service of an export into this keyring."""
    jwk = read_key(private, private=True)
    for service in services_in(folder):
        await keyring.take(opened_keys(folder / service / KEYS, jwk))


async def _replay(
    pool: Pool, keyring: Keyring, export: Export, projectors: Sequence[Projector]
) -> int:
    await load_store(pool, export)
    await feed(pool, keyring, projectors, export.path.parent, Saying())
    return await _digest(pool, projectors)


async def _digest(pool: Pool, projectors: Sequence[Projector]) -> int:
    async for digest in digests(pool, projectors):
        _say(str(digest))
    return 0


def _say(sentence: str) -> None:
    print(sentence, flush=True)  # noqa: T201
