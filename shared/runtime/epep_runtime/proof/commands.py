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
from epep_runtime.postgres_keyring import keyring_migrations
from epep_runtime.proof.checking import first_lines
from epep_runtime.proof.exporting import export_log, seal_everything
from epep_runtime.proof.folder import Export, FolderError
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
    replay = commands.add_parser("replay", help="load an export and build all read models from it")
    replay.add_argument("folder", type=Path)
    commands.add_parser("digest", help="print the SHA-256 of each read model's rows")


async def run_proof(
    name: str,
    settings: Settings,
    migrations: list[Migration],
    projectors: Sequence[Projector],
    arguments: argparse.Namespace,
) -> int:
    """Carry out one of the commands and return the exit status."""
    if arguments.command == "replay":
        await migrate(settings.database_url.get_secret_value(), migrations)
        await migrate(settings.keyring_url.get_secret_value(), keyring_migrations())
    pool = await open_pool(settings.database_url.get_secret_value(), 3)
    keyring = settings.keyring()
    store = EventStore(catalog(), name, keyring)
    try:
        match arguments.command:
            case "replay":
                return await _replay(pool, keyring, Export(arguments.folder, name), projectors)
            case "digest":
                return await _digest(pool, projectors)
            case "verify":
                return await _verify(pool, name, arguments)
            case "seal":
                return await _seal(pool, store, _secret(settings), new_key=arguments.new_key)
            case _:
                return await _export(pool, store, _secret(settings), arguments)
    except (FolderError, SealRefusedError, WrongLogSecretError) as error:
        print(error, file=sys.stderr)  # noqa: T201
        return FAILED
    finally:
        await keyring.close()
        await pool.close()


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
    pool: Pool, store: EventStore, secret: bytes, arguments: argparse.Namespace
) -> int:
    made = await export_log(pool, store, secret, arguments.folder, arguments.why, operator_cause())
    _say(f"{store.source}: {made.events:,} events in {made.streams:,} streams, key {made.kid}")
    return 0


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
