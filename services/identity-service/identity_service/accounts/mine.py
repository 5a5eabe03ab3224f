"""A person at their own account: the session they are in, and whether they have just proved it."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from fastapi import Request

from epep_events.base import Event
from epep_runtime.event_store import Loaded
from epep_runtime.http import PROBLEM_RESPONSES, running_of
from epep_runtime.language import _
from epep_runtime.postgres import Connection
from epep_runtime.problems import FieldError, ProblemError
from epep_runtime.service import Running
from epep_runtime.tokens import Principal, unauthenticated
from identity_service.accounts.account import ACCOUNT, Account
from identity_service.causes import by_person
from identity_service.parts import Identity
from identity_service.sessions import records
from identity_service.sessions.session import Session, is_alive, is_fresh

MINE_RESPONSES: dict[int | str, dict[str, Any]] = {
    403: PROBLEM_RESPONSES[401]
    | {"description": "Give your password again first (errors: code `reauthenticate`)"}
}


@dataclass(frozen=True, slots=True)
class Mine:
    """Somebody at their own account, in a session that is alive."""

    running: Running
    identity: Identity
    session: Session
    now: datetime

    @property
    def account_id(self) -> UUID:
        """Return whose account it is."""
        return self.session.account_id

    async def account(self) -> Account:
        """Return the account as it is now."""
        return (await self.running.store.load(self.running.pool, ACCOUNT, self.account_id)).state

    @asynccontextmanager
    async def changing(self, *streams: str) -> AsyncIterator[tuple[Connection, Loaded[Account]]]:
        """Hold the account and other streams in a transaction; yield connection and account.

        Raises ProblemError 401 for an account that was suspended, or a session that was ended,
        meanwhile.
        """
        pool, store = self.running.pool, self.running.store
        async with pool.acquire() as connection, connection.transaction():
            await store.hold(connection, [ACCOUNT.stream(self.account_id), *streams])
            yield connection, await self.still(connection)

    async def still(self, connection: Connection) -> Loaded[Account]:
        """Return the account, which the caller holds: nobody ends the session from here on.

        Raises ProblemError 401 where somebody has: what a thief has under way when they are put
        out must not be done all the same.
        """
        loaded = await self.running.store.load(connection, ACCOUNT, self.account_id)
        session = await records.find(connection, self.session.session_id)
        if not loaded.state.active or session is None or not is_alive(session, self.now):
            raise unauthenticated()
        return loaded

    async def say(
        self, connection: Connection, loaded: Loaded[Account], events: Sequence[Event]
    ) -> None:
        """Append to the account's stream what its person did."""
        await self.running.store.append(
            connection,
            ACCOUNT.stream(self.account_id),
            loaded.version,
            events,
            by_person(self.account_id),
        )


async def session_of(running: Running, principal: Principal) -> Session | None:
    """Return the session that a token was made in, if it is alive."""
    try:
        session_id = UUID(principal.session_id)
    except ValueError:
        return None
    found = await records.find(running.pool, session_id)
    alive = found is not None and is_alive(found, running.store.clock())
    return found if alive and found and found.account_id == principal.account_id else None


async def mine(request: Request, principal: Principal, fresh: bool = True) -> Mine:
    """Return the person at their account. Raises ProblemError 401 when the session is over.

    `fresh` asks for a password given in the last ten minutes: 403 `reauthenticate` otherwise.
    """
    running = running_of(request)
    session, now = await session_of(running, principal), running.store.clock()
    if session is None:
        raise unauthenticated()
    if fresh and not is_fresh(session, now):
        message = _("Give your password again first.")
        errors = [FieldError("password", message, "reauthenticate")]
        raise ProblemError(403, "forbidden", message, errors=errors)
    return Mine(running, running.part(Identity), session, now)
