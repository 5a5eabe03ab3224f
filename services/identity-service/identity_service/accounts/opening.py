"""Open an account, or add to the one that its address already has."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Literal
from uuid import UUID

import asyncpg
from pydantic import AfterValidator

from epep_events.base import Event
from epep_events.identity import PasswordChanged, RoleGranted, UserRegistered
from epep_runtime.event_store import Cause, EventStore, VersionConflictError
from epep_runtime.ids import new_id
from epep_runtime.postgres import Pool
from epep_runtime.text import Command, Email, Name
from identity_service.accounts import directory
from identity_service.accounts.account import ACCOUNT, Account, Grant, parse_grant
from identity_service.devices.forgetting import forget_all
from identity_service.logins.ways_in import end_ways_in
from identity_service.passwords.hashing import Passwords
from identity_service.passwords.rules import NewPassword
from identity_service.sessions.ending_all import end_these, hold_with_sessions

TRIES = 5
Outcome = Literal["created", "changed", "unchanged"]


def _grant_text(value: str) -> str:
    parse_grant(value)
    return value


GrantText = Annotated[str, AfterValidator(_grant_text)]


class OpenAccount(Command):
    """An account as it should be; `grants` are `authority:role[:URN]` and are only added to."""

    name: Name
    email: Email
    password: NewPassword
    grants: tuple[GrantText, ...] = ()
    phone: Name | None = None
    job_title: Name | None = None


@dataclass(frozen=True, slots=True)
class Opened:
    """The account's id, and what had to be done."""

    account_id: UUID
    outcome: Outcome


def decide(
    account: Account, account_id: UUID, command: OpenAccount, new_password: bool
) -> list[Event]:
    """Return what is still to be said for the account to be as commanded."""
    events: list[Event] = []
    if account.account_id is None:
        events.append(
            UserRegistered(
                account_id=account_id,
                name=command.name,
                email=command.email,
                phone=command.phone,
                job_title=command.job_title,
            )
        )
    wanted = dict.fromkeys(map(parse_grant, command.grants))
    events += [_granted(account_id, each) for each in wanted if each not in account.grants]
    if new_password:
        events.append(PasswordChanged(account_id=account_id))
    return events


def _granted(account_id: UUID, grant: Grant) -> RoleGranted:
    return RoleGranted(
        account_id=account_id,
        authority_code=grant.authority,
        role=grant.role,
        setting_urn=grant.setting_urn,
    )


async def open_account(
    pool: Pool, store: EventStore, passwords: Passwords, command: OpenAccount, cause: Cause
) -> Opened:
    """Carry out the command; the same command again changes nothing.

    A password that changes ends the account's sessions and log-ins, and its devices are remembered
    no longer. Needs no Kafka: the relay publishes what is said here when the service runs.
    """
    for attempt in range(TRIES):
        owner = await directory.owner(pool, command.email)
        known = await directory.find(pool, command.email)
        same = known and await passwords.is_right(command.password, known.password_hash)
        new_hash = None if same else await passwords.hash(command.password)
        try:
            return await _carry_out(pool, store, command, cause, owner, new_hash)
        except (VersionConflictError, asyncpg.UniqueViolationError):
            if attempt == TRIES - 1:  # somebody else opens the same account at the same time
                raise
    raise AssertionError("unreachable")


async def _carry_out(
    pool: Pool,
    store: EventStore,
    command: OpenAccount,
    cause: Cause,
    owner: UUID | None,
    new_hash: str | None,
) -> Opened:
    account_id, now = owner or new_id(), store.clock()
    stream = ACCOUNT.stream(account_id)
    async with pool.acquire() as connection, connection.transaction():
        opened = await hold_with_sessions(connection, store, account_id)
        before = await store.load(connection, ACCOUNT, account_id)
        known = before.state.at(now)
        events = decide(known, account_id, command, new_hash is not None)
        if new_hash is not None:
            events += await forget_all(connection, account_id, now)
        within = cause.within(_only_authority(events))
        await store.append(connection, stream, before.version, events, within)
        if owner is None:
            await directory.claim_address(connection, command.email, account_id)
        if new_hash is not None:
            await directory.set_password(connection, account_id, new_hash, now)
            await end_these(connection, store, opened, cause, now)
            await end_ways_in(connection, account_id, now)
    outcome: Outcome = "changed" if events else "unchanged"
    return Opened(account_id, outcome if owner else "created")


def _only_authority(events: Sequence[Event]) -> str | None:
    """Return the one authority that these events are about, if it is one."""
    codes = {event.authority_code for event in events if isinstance(event, RoleGranted)}
    return codes.pop() if len(codes) == 1 else None
