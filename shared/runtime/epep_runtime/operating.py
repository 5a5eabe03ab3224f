"""A service's commands for operators, `rebuild`, `parked`, `republish`: arguments in, words out."""

import argparse
import sys
from collections.abc import Iterable

from aiokafka.errors import KafkaError

from epep_events.contexts import catalog
from epep_runtime import parking_desk
from epep_runtime.comparing import Comparison
from epep_runtime.event_store import EventStore
from epep_runtime.failed_events import EventFailedError
from epep_runtime.generations import RebuildError, drop_all
from epep_runtime.operations import operator_cause
from epep_runtime.parking import list_parked
from epep_runtime.parking_desk import ParkedError
from epep_runtime.postgres import Pool, open_pool
from epep_runtime.rebuild import rebuild
from epep_runtime.republishing import RepublishError, republish
from epep_runtime.settings import Settings
from epep_runtime.subscriptions import Projector

DIFFERS = 3
"""Exit status of a comparison that found rows that differ."""


def add_commands(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]", read_models: Iterable[str]
) -> None:
    """Add the three commands to a service's command line."""
    commands.add_parser("republish", help="after Kafka is lost: begin anew with empty topics")
    again = commands.add_parser("rebuild", help="build a read model again, beside the live one")
    again.add_argument("read_model", choices=list(read_models))
    what = again.add_mutually_exclusive_group()
    what.add_argument(
        "--compare", action="store_true", help="say which rows differ instead of switching"
    )
    what.add_argument(
        "--begin-again", action="store_true", help="drop what an earlier rebuild has begun"
    )
    what.add_argument("--drop-old", action="store_true", help="only drop what was live before")
    again.add_argument(
        "--keep-old", action="store_true", help="keep older old generations than the last one too"
    )
    again.add_argument(
        "--workers", type=int, default=1, metavar="N", help="so many processes share the work"
    )
    parked = commands.add_parser("parked", help="streams that wait for an event that fails")
    actions = parked.add_subparsers(dest="action", required=True)
    actions.add_parser("list", help="every stream that waits, the longest first")
    for name, help_text in (
        ("show", "the events that wait in it"),
        ("retry", "try it again now"),
        ("skip", "take its first waiting event out for good"),
    ):
        one = actions.add_parser(name, help=help_text)
        one.add_argument("stream")
        one.add_argument("--subscription", help="where it waits in several")
        if name == "skip":
            one.add_argument("--why", required=True, help="the reason, without personal data")


async def run_rebuild(
    name: str, settings: Settings, projector: Projector, arguments: argparse.Namespace
) -> int:
    """Carry out `rebuild` and return the exit status."""
    try:
        if arguments.drop_old:
            return await _drop(settings, projector, "old")
        if arguments.begin_again:
            await _drop(settings, projector, "building")
        done = await rebuild(
            name,
            settings,
            projector,
            only_compare=arguments.compare,
            keep_older=arguments.keep_old,
            workers=max(1, arguments.workers),
        )
    except (RebuildError, EventFailedError) as error:
        return _failed(str(error))
    except KafkaError as error:
        return await _without_kafka(settings, error)
    for each in done.skipped:
        _say(f"Left out, as an operator has skipped it: {each}")
    if done.comparison:
        return _say_comparison(done.comparison)
    number = done.generation.number
    _say(
        f"Generation {number} of {projector.name} is live. What was live is kept until"
        f" `rebuild {projector.name} --drop-old` or the next rebuild."
        if done.switched
        else f"Another worker has made generation {number} of {projector.name} live."
    )
    return 0


async def _drop(settings: Settings, projector: Projector, state: str) -> int:
    pool = await _open(settings)
    try:
        numbers = await drop_all(pool, projector.name, state)
    finally:
        await pool.close()
    for number in numbers:
        _say(f"Generation {number} of {projector.name} is dropped.")
    if not numbers:
        _say(f"{projector.name} has no {state} generation.")
    return 0


def _say_comparison(found: Comparison) -> int:
    for difference in found.first:
        _say(str(difference))
    if found.differing > len(found.first):
        _say(f"… and {found.differing - len(found.first)} more.")
    if found.parked:
        _say(f"{found.parked} streams are parked in the live read model.")
    _say(f"{found.rows} live rows compared, {found.differing} rows differ. Nothing was switched.")
    return DIFFERS if found.differing else 0


async def run_parked(name: str, settings: Settings, arguments: argparse.Namespace) -> int:
    """Carry out `parked` and return the exit status."""
    pool, keyring = await _open(settings), settings.keyring()
    try:
        return await _parked(pool, EventStore(catalog(), name, keyring), arguments)
    except ParkedError as error:
        return _failed(str(error))
    finally:
        await keyring.close()
        await pool.close()


async def run_republish(name: str, settings: Settings) -> int:
    """Carry out `republish` and return the exit status."""
    pool = await _open(settings)
    try:
        done = await republish(pool, name, settings)
    except RepublishError as error:
        return _failed(str(error))
    except (KafkaError, TimeoutError) as error:
        return await _without_kafka(settings, error)
    finally:
        await pool.close()
    _say(
        f"{name} sends its {done.events} events again when it starts."
        if done.events
        else f"{name} sends nothing again: its topic has events, or all is to be sent already."
    )
    if done.topics:
        _say(f"It reads from the beginning: {', '.join(done.topics)}.")
    return 0


async def _parked(pool: Pool, store: EventStore, arguments: argparse.Namespace) -> int:
    if arguments.action == "list":
        found = await list_parked(pool)
        for each in found:
            _say(parking_desk.line(each))
        if not found:
            _say("No stream is parked.")
        return 0
    stream, subscription = arguments.stream, arguments.subscription
    if arguments.action == "show":
        for each in await parking_desk.find(pool, stream, subscription):
            for line in await parking_desk.describe(pool, each):
                _say(line)
    elif arguments.action == "retry":
        for each in await parking_desk.retry(pool, store, stream, subscription, operator_cause()):
            _say(f"{stream} is tried again now in {each.subscription}.")
    else:
        skipped = await parking_desk.skip(
            pool, store, stream, subscription, arguments.why, operator_cause()
        )
        _say(
            f"Publication {skipped.publication} ({skipped.event_type}) of {stream} is skipped in"
            f" {skipped.subscription}."
        )
    return 0


async def _open(settings: Settings) -> Pool:
    return await open_pool(settings.database_url.get_secret_value(), 2)


async def _without_kafka(settings: Settings, error: Exception) -> int:
    why = await settings.broker().refusal(error)
    return _failed(why or f"Kafka does not answer: {type(error).__name__}.")


def _failed(sentence: str) -> int:
    print(sentence, file=sys.stderr)  # noqa: T201
    return 1


def _say(sentence: str) -> None:
    print(sentence, flush=True)  # noqa: T201
