"""Suspend an account, and restore it: its sessions and log-ins end at once."""

from uuid import UUID

from epep_events.base import Event
from epep_events.identity import UserDeactivated, UserReactivated
from epep_runtime.event_store import Cause, EventStore
from epep_runtime.postgres import Pool
from identity_service.accounts.account import ACCOUNT, Account
from identity_service.logins import records as logins
from identity_service.sessions.ending_all import end_these, hold_with_sessions


def suspend(account: Account, why: str) -> list[Event]:
    """Return what suspending says; nothing where it is suspended already or never was."""
    if account.account_id is None or not account.active:
        return []
    return [UserDeactivated(account_id=account.account_id, why=why)]


def restore(account: Account, why: str) -> list[Event]:
    """Return what restoring says; nothing where the account is in use or was merged for good."""
    if account.account_id is None or account.active or account.merged_into is not None:
        return []
    return [UserReactivated(account_id=account.account_id, why=why)]


async def suspend_account(
    pool: Pool, store: EventStore, account_id: UUID, why: str, cause: Cause
) -> bool:
    """Suspend the account and end what it has open; False where it was suspended already."""
    async with pool.acquire() as connection, connection.transaction():
        opened = await hold_with_sessions(connection, store, account_id)
        before = await store.load(connection, ACCOUNT, account_id)
        events = suspend(before.state, why)
        await store.append(connection, ACCOUNT.stream(account_id), before.version, events, cause)
        now = store.clock()
        await end_these(connection, store, opened, cause, now)
        await logins.end_all(connection, account_id, now)
    return bool(events)


async def restore_account(
    pool: Pool, store: EventStore, account_id: UUID, why: str, cause: Cause
) -> bool:
    """Let the account be used again; False where it was in use."""
    async with pool.acquire() as connection, connection.transaction():
        await store.hold(connection, [ACCOUNT.stream(account_id)])
        before = await store.load(connection, ACCOUNT, account_id)
        events = restore(before.state, why)
        await store.append(connection, ACCOUNT.stream(account_id), before.version, events, cause)
    return bool(events)
