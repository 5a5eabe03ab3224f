"""Make an authority's first administrator: with a one-time link instead of a password."""

from datetime import timedelta
from uuid import UUID

from epep_events.base import Event
from epep_events.getting_in import AccountWelcomed
from epep_events.identity import RoleGranted, UserRegistered
from epep_runtime.event_store import Cause, EventStore
from epep_runtime.ids import new_id
from epep_runtime.postgres import Pool
from epep_runtime.text import Command, Email, Name
from identity_service.accounts import directory
from identity_service.accounts.account import ACCOUNT, Account
from identity_service.links import records as links
from identity_service.registrations.wanting import AuthorityCode

LINK_LIFETIME = timedelta(hours=24)


class Welcome(Command):
    """Who is to be the first of an authority's virtual school."""

    name: Name
    email: Email
    authority: AuthorityCode


def decide(account: Account, account_id: UUID, command: Welcome) -> list[Event]:
    """Return what is still to be said for that person to be an administrator there."""
    events: list[Event] = []
    if account.account_id is None:
        events.append(UserRegistered(account_id=account_id, name=command.name, email=command.email))
    held = {(each.authority, each.role) for each in account.grants}
    if (command.authority, "virtual_school") not in held:
        events.append(
            RoleGranted(
                account_id=account_id, authority_code=command.authority, role="virtual_school"
            )
        )
    events.append(AccountWelcomed(account_id=account_id, authority_code=command.authority))
    return events


async def welcome(pool: Pool, store: EventStore, command: Welcome, cause: Cause) -> str:
    """Carry it out and return the link's token, which works once, for 24 hours.

    An account that exists gets the role and a link to set its password anew; an earlier link is
    worthless. Needs no Kafka and no mail.
    """
    known = await directory.owner(pool, command.email)
    account_id, token = known or new_id(), links.new_token()
    stream = ACCOUNT.stream(account_id)
    async with pool.acquire() as connection, connection.transaction():
        await store.hold(connection, [stream])
        loaded = await store.load(connection, ACCOUNT, account_id)
        events = decide(loaded.state.at(store.clock()), account_id, command)
        within = cause.within(command.authority)
        await store.append(connection, stream, loaded.version, events, within)
        if known is None:
            await directory.claim_address(connection, command.email, account_id)
        await links.void(connection, account_id, store.clock())
        until = store.clock() + LINK_LIFETIME
        await links.add(connection, token, "welcome", account_id, until)
    return token
