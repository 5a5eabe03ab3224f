"""The links of a change of address: two to confirm it, one to stop it."""

from typing import Literal
from uuid import UUID

import asyncpg
from fastapi import APIRouter, Request
from pydantic import BaseModel

from epep_events.base import Event
from epep_events.getting_in import EmailChangeConfirmed, EmailChanged, EmailChangeStopped
from epep_runtime.event_store import Loaded
from epep_runtime.http import running_of
from epep_runtime.postgres import Connection
from epep_runtime.problems import NotFoundError
from epep_runtime.service import Running
from epep_runtime.text import Command, example
from identity_service.accounts import directory
from identity_service.accounts.account import ACCOUNT
from identity_service.causes import by_person
from identity_service.devices.forgetting import forget_all
from identity_service.emails.email_change import EMAIL_CHANGE, EmailChange, evolve
from identity_service.links import records as links
from identity_service.links.looking import LINK_RESPONSES, Token
from identity_service.logins.ways_in import end_ways_in
from identity_service.sessions.ending_all import end_these, hold_with_sessions

router = APIRouter()


class AnswerLink(Command):
    """The token of a link in one of the mails."""

    model_config = example(token="from-the-mail")  # noqa: S106

    token: Token


class EmailConfirmed(BaseModel):
    """Whether the other mailbox has still to confirm."""

    state: Literal["waiting_for_other", "changed"]


class EmailKept(BaseModel):
    """The change is stopped; every session has ended."""


@router.post("/email-changes/confirm", responses=LINK_RESPONSES, summary="Confirm a new address")
async def confirm(command: AnswerLink, request: Request) -> EmailConfirmed:
    """Confirm from one of the two mailboxes; with the second the address changes.

    PUBLIC: the token is the proof. Codes and links that went to the old address open nothing then.
    """
    running = running_of(request)
    token, now = command.token.get_secret_value(), running.store.clock()
    link = await links.find(running.pool, token, ("email_change_new", "email_change_old"), now)
    account_id = await _whose(running, link)
    try:
        async with running.pool.acquire() as connection, connection.transaction():
            changed = await _confirm(running, connection, link, account_id)
    except asyncpg.UniqueViolationError as error:  # somebody has taken the address meanwhile
        raise NotFoundError from error
    return EmailConfirmed(state="changed" if changed else "waiting_for_other")


async def _whose(running: Running, link: links.Link) -> UUID:
    asked = (await running.store.load(running.pool, EMAIL_CHANGE, link.subject)).state.asked
    if asked is None:
        raise NotFoundError
    return asked.account_id


async def _hold(
    running: Running, connection: Connection, link: links.Link, account_id: UUID
) -> Loaded[EmailChange]:
    """Hold account and change, use the link up, and return the change."""
    streams = [ACCOUNT.stream(account_id), EMAIL_CHANGE.stream(link.subject)]
    await running.store.hold(connection, streams)
    await links.use(connection, link, running.store.clock())
    return await running.store.load(connection, EMAIL_CHANGE, link.subject)


async def _confirm(
    running: Running, connection: Connection, link: links.Link, account_id: UUID
) -> bool:
    change = await _hold(running, connection, link, account_id)
    asked, cause = change.state.asked, by_person(account_id)
    if asked is None or change.state.stopped:
        raise NotFoundError
    side: Literal["old", "new"] = "new" if link.kind == "email_change_new" else "old"
    event = EmailChangeConfirmed(change_id=link.subject, account_id=account_id, side=side)
    stream = EMAIL_CHANGE.stream(link.subject)
    await running.store.append(connection, stream, change.version, [event], cause)
    if not evolve(change.state, event).is_agreed:
        return False
    account = await running.store.load(connection, ACCOUNT, account_id)
    if not account.state.active or account.state.email != asked.old_email:
        raise NotFoundError
    changed: list[Event] = [
        EmailChanged(account_id=account_id, email=asked.new_email, old_email=asked.old_email)
    ]
    await running.store.append(
        connection, ACCOUNT.stream(account_id), account.version, changed, cause
    )
    await directory.change_address(connection, asked.new_email, account_id)
    await end_ways_in(connection, account_id, running.store.clock())
    return True


@router.post("/email-changes/not-me", responses=LINK_RESPONSES, summary="I did not ask for that")
async def stop(command: AnswerLink, request: Request) -> EmailKept:
    """Stop the change from the old mailbox and end every session: somebody else was in.

    PUBLIC: the token is the proof. Works for a week; once the address has changed, 404: then the
    virtual school helps. Devices are remembered no longer, for one of them may be the thief's.
    """
    running = running_of(request)
    token, now = command.token.get_secret_value(), running.store.clock()
    link = await links.find(running.pool, token, ("email_change_not_me",), now)
    account_id = await _whose(running, link)
    async with running.pool.acquire() as connection, connection.transaction():
        opened = await hold_with_sessions(
            connection, running.store, account_id, EMAIL_CHANGE.stream(link.subject)
        )
        change = await _hold(running, connection, link, account_id)
        if change.state.is_agreed:
            raise NotFoundError
        event = EmailChangeStopped(change_id=link.subject, account_id=account_id)
        stream, cause = EMAIL_CHANGE.stream(link.subject), by_person(account_id)
        await running.store.append(connection, stream, change.version, [event], cause)
        await links.void(connection, link.subject, now)
        account = await running.store.load(connection, ACCOUNT, account_id)
        forgotten = await forget_all(connection, account_id, now)
        own = ACCOUNT.stream(account_id)
        await running.store.append(connection, own, account.version, forgotten, cause)
        await end_these(connection, running.store, opened, cause, now)
        await end_ways_in(connection, account_id, now)
    return EmailKept()
