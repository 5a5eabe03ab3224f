"""A forgotten password: a link by mail that works once, for an hour (S24)."""

from datetime import timedelta
from uuid import UUID

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field

from epep_events.base import Event
from epep_events.getting_in import PasswordReplaced, PasswordResetRequested
from epep_events.identity import PasswordChanged
from epep_runtime.http import running_of
from epep_runtime.postgres import Connection
from epep_runtime.problems import NotFoundError
from epep_runtime.sealing import newest_sealing_key, seal
from epep_runtime.service import Running
from epep_runtime.text import Command, Email, example
from identity_service.accounts import directory
from identity_service.accounts.account import ACCOUNT, Account
from identity_service.asking.answers import ASK_RESPONSES, Asked, write_ask
from identity_service.asking.asks import Ask, done
from identity_service.causes import by_person, by_service
from identity_service.devices.forgetting import forget_all
from identity_service.links import records as links
from identity_service.links.looking import LINK_RESPONSES, Token
from identity_service.logins.ways_in import end_ways_in
from identity_service.parts import Identity
from identity_service.passwords.rules import TypedPassword
from identity_service.passwords.strength import must_stand, words_of
from identity_service.sessions.ending_all import end_these, hold_with_sessions

router = APIRouter()
LINK_LIFETIME = timedelta(hours=1)
SENT = "If that address has an account, an email with a link is on its way. It works for an hour."


class ForgottenPassword(Command):
    """Whose password is forgotten."""

    model_config = example(email="sam.okoro@example.org")

    email: Email


class ChooseNew(Command):
    """The link's token and the new password."""

    model_config = example(token="from-the-mail", password="three made-up words")  # noqa: S106

    token: Token
    password: TypedPassword


class Chosen(BaseModel):
    """The address to log in with now."""

    email: str = Field(examples=["sam.okoro@example.org"])


@router.post(
    "/forgotten-password", status_code=202, responses=ASK_RESPONSES, summary="Forgotten password"
)
async def forgotten(command: ForgottenPassword, request: Request) -> Asked:
    """Have a link mailed to the address, if it has an account.

    PUBLIC. The answer is the same for anybody and is given before that is looked up.
    """
    return await write_ask(request, "forgotten_password", command, SENT)


async def look_up_forgotten_password(running: Running, ask: Ask) -> None:
    """Mail a link to the owner of an account in use; to nobody else anything."""
    command = ForgottenPassword.model_validate(ask.body)
    owner = await directory.owner(running.pool, command.email)
    account_id = owner or ask.ask_id  # nobody is looked up like somebody
    async with running.pool.acquire() as connection, connection.transaction():
        sealing = await newest_sealing_key(connection)
        stream = f"recovery-{ask.ask_id}"
        await running.store.hold(connection, [stream, ACCOUNT.stream(account_id)])
        if not await done(connection, ask):
            return
        counters = running.part(Identity).counters
        may_mail = await counters.may_mail(connection, ask, command.email)
        account = (await running.store.load(connection, ACCOUNT, account_id)).state
        if not account.active or not may_mail or account.account_id is None:
            return
        token, until = links.new_token(), running.store.clock() + LINK_LIFETIME
        event = PasswordResetRequested(
            account_id=account.account_id,
            name=account.name,
            email=account.email,
            sealed_token=seal(token, sealing),
            expires_at=until,
        )
        await running.store.append(connection, stream, 0, [event], by_service())
        await links.void(connection, account.account_id, running.store.clock())
        await links.add(connection, token, "password_reset", account.account_id, until)


@router.post(
    "/forgotten-password/confirm", responses=LINK_RESPONSES, summary="Choose a new password"
)
async def choose_new(command: ChooseNew, request: Request) -> Chosen:
    """Use the link up and set the password; also for the welcome link of an administrator.

    PUBLIC: the token is the proof. All sessions end and no device is remembered; second factors
    stay, and nobody is logged in by this (ASVS 6.4.3).
    """
    running = running_of(request)
    token, now = command.token.get_secret_value(), running.store.clock()
    link = await links.find(running.pool, token, ("password_reset", "welcome"), now)
    account = (await running.store.load(running.pool, ACCOUNT, link.subject)).state
    if not account.active:
        raise NotFoundError
    await must_stand(command.password, words_of(account.name, account.email))
    identity = running.part(Identity)
    password_hash = await identity.passwords.hash(command.password)
    async with running.pool.acquire() as connection, connection.transaction():
        await _replace(running, identity, connection, link, password_hash)
    return Chosen(email=account.email)


async def _replace(
    running: Running,
    identity: Identity,
    connection: Connection,
    link: links.Link,
    password_hash: str,
) -> None:
    store, now, account_id = running.store, running.store.clock(), link.subject
    opened = await hold_with_sessions(connection, store, account_id)
    await links.use(connection, link, now)
    loaded = await store.load(connection, ACCOUNT, account_id)
    events: list[Event] = [PasswordChanged(account_id=account_id), *_told(link, account_id)]
    events += await forget_all(connection, account_id, now)
    cause = by_person(account_id)
    await store.append(connection, ACCOUNT.stream(account_id), loaded.version, events, cause)
    await directory.set_password(connection, account_id, password_hash, now)
    await end_these(connection, store, opened, cause, now)
    await end_ways_in(connection, account_id, now)
    await _let_in(identity, connection, loaded.state)


def _told(link: links.Link, account_id: UUID) -> list[PasswordReplaced]:
    if link.kind == "welcome":  # the first password replaces none
        return []
    return [PasswordReplaced(account_id=account_id, how="forgotten")]


async def _let_in(identity: Identity, connection: Connection, account: Account) -> None:
    """Forget failures at the address: who reads its mail is no guesser."""
    await identity.counters.clear(connection, identity.counters.address(account.email))
