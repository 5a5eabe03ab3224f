"""Loading the whole demo: accounts, log-ins, settings, children, PEPs at every stage."""

import asyncio
import sys
import time
from collections.abc import Sequence
from datetime import date

import httpx

from epep_demo.banks import bank, profile_from
from epep_demo.cast import AUTHORITIES, everybody, with_role
from epep_demo.children import Child, children_of
from epep_demo.loading.addresses import SERVICES, Addresses
from epep_demo.loading.authority import (
    assign_others,
    find_children,
    import_children,
    register_settings,
)
from epep_demo.loading.logging_in import log_in_all, open_accounts
from epep_demo.loading.playing import play
from epep_demo.loading.problem import LoadError
from epep_demo.loading.session import Session
from epep_demo.loading.stage import Production
from epep_demo.portraits import portrait_of
from epep_demo.scenes import Scene, scenes_for
from epep_events.profile import AuthorityProfile

AT_ONCE = 4
PATIENCE = httpx.Timeout(60, connect=5)


class Progress:
    """Says what is being done, with the seconds since the start."""

    def __init__(self) -> None:
        self._began = time.monotonic()

    def say(self, what: str) -> None:
        """Print one line."""
        print(f"  {time.monotonic() - self._began:5.1f} s  {what}", flush=True)


async def load(where: Addresses, today: date) -> None:
    """Load the demo through the services' APIs. Raises LoadError with a sentence."""
    progress = Progress()
    limits = httpx.Limits(max_connections=24)
    async with httpx.AsyncClient(timeout=PATIENCE, limits=limits) as client:
        try:
            await _await_services(client, where)
            people = everybody()
            ids = await open_accounts(people)
            progress.say(f"{len(people)} accounts")
            active = [person for person in people if person.role != "iro"]
            sessions = await log_in_all(active, client, where)
            progress.say(f"{len(sessions)} people have logged in")
            await _enter_authorities(sessions, ids, today, progress)
        except httpx.TransportError as error:
            url = error.request.url if error.request else "a service"
            raise LoadError(f"{url} did not answer ({type(error).__name__}).") from error


async def _await_services(client: httpx.AsyncClient, where: Addresses) -> None:
    for name in SERVICES:
        answer = await client.get(f"{where.services[name]}/readyz")
        if answer.is_error:
            raise LoadError(f"{name} is not ready yet: {where.services[name]}/readyz says why.")


async def _enter_authorities(
    sessions: dict[str, Session], ids: dict[str, str], today: date, progress: Progress
) -> None:
    for authority in AUTHORITIES:
        await register_settings(authority, _virtual_school(authority, sessions))
    entered = await asyncio.gather(
        *(_enter(authority, sessions, ids, today, progress) for authority in AUTHORITIES)
    )
    productions = [production for some in entered for production in some]
    await _play_all(productions, progress)


async def _enter(
    authority: str,
    sessions: dict[str, Session],
    ids: dict[str, str],
    today: date,
    progress: Progress,
) -> list[Production]:
    """Import the authority's children, say who works with them, and plan their PEPs."""
    by = _virtual_school(authority, sessions)
    children = children_of(authority, today)
    await import_children(authority, children, by)
    found = await find_children(authority, children, by)
    await assign_others(children, found, by, accounts=ids)
    progress.say(f"{len(found)} children of {bank('authorities')[authority]['name']}")
    profile = profile_from(await by.get("pep", f"/profiles/{authority}"))
    scenes = scenes_for(authority, children, today)
    return [_production(scene, profile, sessions, found, today) for scene in scenes]


def _virtual_school(authority: str, sessions: dict[str, Session]) -> Session:
    return sessions[with_role(authority, "virtual_school")[0].email]


def _production(
    scene: Scene,
    profile: AuthorityProfile,
    sessions: dict[str, Session],
    found: dict[str, str],
    today: date,
) -> Production:
    child: Child = scene.child
    portrait = portrait_of(child, today)
    return Production(scene, portrait, profile, sessions, found[child.care_id], today)


async def _play_all(productions: Sequence[Production], progress: Progress) -> None:
    turns, done = asyncio.Semaphore(AT_ONCE), 0

    async def one(production: Production) -> None:
        nonlocal done
        async with turns:
            try:
                await play(production)
            except LoadError as error:
                child = production.scene.child
                raise LoadError(
                    f"The PEP of {child.known_as} {child.last_name} ({child.authority}, to be"
                    f" {production.scene.stage}): {error}"
                ) from error
        done += 1
        if done % 10 == 0 or done == len(productions):
            progress.say(f"{done} of {len(productions)} PEPs")

    async with asyncio.TaskGroup() as group:
        for production in productions:
            group.create_task(one(production))


def run(where: Addresses, today: date) -> int:
    """Load and return the exit code: 1, with a sentence, when a step failed."""
    try:
        asyncio.run(load(where, today))
    except LoadError as error:
        print(f"The demo could not be loaded. {error}", file=sys.stderr)
        return 1
    except ExceptionGroup as group:
        told, rest = group.split(LoadError)
        if rest:
            raise
        first = told.exceptions[0] if told else group
        print(f"The demo could not be loaded. {first}", file=sys.stderr)
        return 1
    return 0
