"""Erasing a person: the key first, then the fact; safe to repeat after a crash in between."""

import argparse
import sys
from collections.abc import Awaitable, Callable
from typing import Literal
from uuid import UUID

from epep_events.operations import SubjectErased
from epep_runtime.event_store import Cause, EventStore, VersionConflictError
from epep_runtime.postgres import Connection, Pool

MAX_WHY = 500
Tidy = Callable[[Connection], Awaitable[None]]
"""Drops what the service itself keeps of the person beside its log and its read models."""


class EraseError(Exception):
    """Nobody was erased; the message is a sentence for the operator."""


def stream_of(subject: UUID) -> str:
    """Return the stream in which it stands that a person was erased."""
    return f"erasure-{subject}"


async def erase(
    pool: Pool,
    store: EventStore,
    subject: UUID,
    kind: Literal["child", "adult"],
    why: str,
    cause: Cause,
    tidy: Tidy | None = None,
) -> bool:
    """Destroy a person's key and say so; False when it had been said before.

    From the first step on, everything sealed under the key reads as erased, here and in every copy.
    Whatever stops this on its way, it can be done again until the event is there.
    """
    why = why.strip()
    if not 0 < len(why) <= MAX_WHY:
        raise EraseError(f"Say why, in 1 to {MAX_WHY} characters, without personal data.")
    await store.keyring.destroy(str(subject))
    event, said = SubjectErased(subject=subject, kind=kind, why=why), True
    async with pool.acquire() as connection:
        try:
            async with connection.transaction():
                await store.append(connection, stream_of(subject), 0, [event], cause)
        except VersionConflictError:
            said = False
        if tidy:
            async with connection.transaction():
                await tidy(connection)
    return said


def arguments_of(prog: str, who: str) -> argparse.ArgumentParser:
    """Return the parser of a service's `erase` command."""
    parser = argparse.ArgumentParser(prog, description=f"Erase a {who} for good, everywhere.")
    parser.add_argument("subject", type=UUID, metavar="ID", help=f"the {who}'s id")
    parser.add_argument(
        "--why", required=True, help="the reason, without personal data; it is recorded"
    )
    return parser


def tell(subject: UUID, *, said: bool) -> None:
    """Print what came of it."""
    if said:
        sys.stdout.write(f"{subject} is erased. Every service forgets them as it hears of it.\n")
    else:
        sys.stdout.write(f"{subject} had been erased before.\n")
