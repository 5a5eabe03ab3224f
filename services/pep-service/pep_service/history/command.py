"""`python -m pep_service history PEP --why …`: an operator reads one PEP, and that is noted."""

import argparse
import asyncio
import sys
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from pydantic import ValidationError

from epep_access.people import names_of
from epep_events.contexts import catalog
from epep_events.envelope import Recorded
from epep_events.operations import HistoryRead
from epep_events.sealed_fields import ErasedSubjectError
from epep_runtime.event_store import EventStore
from epep_runtime.operations import hold_operations, operator_cause, say
from epep_runtime.postgres import Connection, open_pool
from epep_runtime.settings import Settings
from pep_service.history.facts import Fact, differences, facts_of
from pep_service.history.moments import moment
from pep_service.history.telling import entries, entry_lines, fact_lines, moved_lines
from pep_service.peps.pep import PEP, PEPS
from pep_service.peps.reading import stamp_of
from pep_service.profiles.published import profile_of
from pep_service.read_models.change_log.showing import Words, fields_of
from pep_service.settings import PEPSettings

NOT_FOUND, WRONG = 1, 2


def _pep_id(text: str) -> UUID:
    return UUID(text.removeprefix("pep-"))


def _why(text: str) -> str:
    if not text.strip():
        raise ValueError("say why")
    return text.strip()


def arguments_of(argv: Sequence[str]) -> argparse.Namespace:
    """Read the command line, which begins with `history`."""
    parser = argparse.ArgumentParser("python -m pep_service history", description=__doc__)
    parser.add_argument("pep", type=_pep_id, help="the PEP's id")
    parser.add_argument(
        "--why", type=_why, required=True, help="the reason; it is recorded, with who you are"
    )
    when = parser.add_mutually_exclusive_group()
    when.add_argument("--as-of", type=moment, help="the PEP as it was: 2026-11-20[T10:30]")
    when.add_argument(
        "--between", type=moment, nargs=2, metavar=("T1", "T2"), help="what is different"
    )
    parser.add_argument("--json", action="store_true", help="for programs")
    return parser.parse_args(argv)


def history(argv: Sequence[str]) -> int:
    """Carry out the command and return the exit status."""
    asked = arguments_of(argv)
    try:
        settings = PEPSettings()
    except ValidationError as error:
        missing = ", ".join(f"EPEP_{each['loc'][0]}".upper() for each in error.errors())
        print(f"Set {missing} first.", file=sys.stderr)  # noqa: T201
        return WRONG
    return asyncio.run(tell(settings, asked))


async def tell(settings: Settings, asked: argparse.Namespace) -> int:
    """Note that the history is read, print it, and return the exit status."""
    pool = await open_pool(settings.database_url.get_secret_value(), 2)
    keyring = settings.keyring()
    store = EventStore(catalog(), "pep", keyring)
    moments = sorted(asked.between or ([asked.as_of] if asked.as_of else []))
    try:
        async with pool.acquire() as connection, connection.transaction():
            await hold_operations(connection, store)
            loaded = await store.load(connection, PEPS, asked.pep)
            if not loaded.version:
                print(f"There is no PEP {asked.pep}.", file=sys.stderr)  # noqa: T201
                return NOT_FOUND
            stream = PEPS.stream(asked.pep)
            read = HistoryRead(stream=stream, moments=tuple(moments), why=asked.why)
            await say(connection, store, read, operator_cause())
            words = await words_of(connection, loaded.state, loaded.events)
    except ErasedSubjectError:
        print("This PEP's record has been erased.", file=sys.stderr)  # noqa: T201
        return NOT_FOUND
    finally:
        await keyring.close()
        await pool.close()
    found = _found(loaded.events, words, moments)
    if asked.json:
        document = {"pep_id": asked.pep, "moments": moments, **found}
        sys.stdout.buffer.write(orjson.dumps(document, option=orjson.OPT_INDENT_2) + b"\n")
    else:
        print("\n".join(_lines(loaded.events, words, moments)))  # noqa: T201
    return 0


async def words_of(connection: Connection, pep: PEP, events: Sequence[Recorded]) -> Words:
    """Look up the form that a PEP is bound to, and the names of those in its history."""
    start = pep.start
    profile = await profile_of(connection, start.profile_code, start.profile_version)
    accounts = {each for each in (stamp_of(event.meta).account_id for event in events) if each}
    return Words(
        profile=profile,
        fields=fields_of(profile),
        people=await names_of(connection, accounts),
        settings={},  # a PEP's own events name no setting
        addresses=True,
    )


def _until(events: Sequence[Recorded], when: datetime) -> list[Recorded]:
    return [event for event in events if event.meta.occurred_at <= when]


def _states(
    events: Sequence[Recorded], words: Words, moments: Sequence[datetime]
) -> list[list[Fact]]:
    return [facts_of(_until(events, when), words) for when in moments]


def _found(events: Sequence[Recorded], words: Words, moments: Sequence[datetime]) -> dict[str, Any]:
    if not moments:
        return {"events": [each.model_dump(mode="json") for each in entries(events, words)]}
    states = _states(events, words, moments)
    if len(moments) == 1:
        return {"version": len(_until(events, moments[0])), "facts": _plain(states[0])}
    return {
        "versions": [len(_until(events, when)) for when in moments],
        "differences": [asdict(each) for each in differences(*states)],
    }


def _plain(facts: Sequence[Fact]) -> list[dict[str, str]]:
    return [{"where": each.where, "label": each.label, "value": each.value} for each in facts]


def _lines(events: Sequence[Recorded], words: Words, moments: Sequence[datetime]) -> list[str]:
    if not moments:
        return [line for entry in entries(events, words) for line in entry_lines(entry)]
    states = _states(events, words, moments)
    if len(moments) == 2:
        return moved_lines(differences(*states)) or ["Nothing is different."]
    return fact_lines(states[0]) or ["The PEP had not begun."]
