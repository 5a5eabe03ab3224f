"""Ask for another address: a link goes to the new one and to the old one."""

from datetime import timedelta

from fastapi import APIRouter, Request

from epep_events.base import Event
from epep_events.getting_in import EmailChangeRequested, RegistrationRepeated
from epep_runtime.http import Changing
from epep_runtime.sealing import newest_sealing_key, seal
from epep_runtime.service import Running
from epep_runtime.text import Command, Email, example
from identity_service.accounts import directory
from identity_service.accounts.account import ACCOUNT
from identity_service.accounts.mine import MINE_RESPONSES, mine
from identity_service.answering_once import AnsweredOnce
from identity_service.asking.answers import ASK_RESPONSES, Asked, write_ask
from identity_service.asking.asks import Ask, done
from identity_service.causes import by_person
from identity_service.emails.email_change import EMAIL_CHANGE
from identity_service.links import records as links
from identity_service.parts import Identity
from identity_service.registrations.registration import REGISTRATION

router = APIRouter(route_class=AnsweredOnce)
LINK_LIFETIME = timedelta(hours=24)
SENT = "An email with a link is on its way to each of the two addresses. Confirm in both."


class ChangeEmail(Command):
    """The address that is wanted."""

    model_config = example(email="amara.lindqvist@elsewhere.example")

    email: Email


class _Wanted(ChangeEmail):
    """An address that is wanted, and by whom."""

    account_id: str


@router.post(
    "/me/email",
    status_code=202,
    responses=ASK_RESPONSES | MINE_RESPONSES,
    summary="Change my email address",
)
async def change_email(command: ChangeEmail, change: Changing, request: Request) -> Asked:
    """Have both addresses asked; the change is made when the owners of both have confirmed.

    The answer is the same where somebody else has the address: they are told, not the asker.
    """
    me = await mine(request, change.principal)
    wanted = _Wanted(email=command.email, account_id=str(me.account_id))
    return await write_ask(request, "email_change", wanted, SENT)


async def look_up_email_change(running: Running, ask: Ask) -> None:
    """Mail the links; where the address is somebody's, theirs a word instead."""
    wanted = _Wanted.model_validate(ask.body)
    now, until = running.store.clock(), running.store.clock() + LINK_LIFETIME
    taken = await directory.owner(running.pool, wanted.email)
    change, repeat = EMAIL_CHANGE.stream(ask.ask_id), REGISTRATION.stream(ask.ask_id)
    new, old, not_me = links.new_token(), links.new_token(), links.new_token()
    async with running.pool.acquire() as connection, connection.transaction():
        sealing = await newest_sealing_key(connection)
        await running.store.hold(connection, [change, repeat])
        if not await done(connection, ask):
            return
        account = (await running.store.load(connection, ACCOUNT, wanted.account_id)).state
        counters = running.part(Identity).counters
        may_mail = await counters.may_mail(connection, ask, wanted.email)
        if not account.active or account.account_id is None or account.email == wanted.email:
            return
        if not may_mail:
            return
        cause = by_person(account.account_id)
        event = EmailChangeRequested(
            change_id=ask.ask_id,
            account_id=account.account_id,
            name=account.name,
            old_email=account.email,
            new_email=wanted.email,
            sealed_new=None if taken else seal(new, sealing),
            sealed_old=seal(old, sealing),
            sealed_not_me=seal(not_me, sealing),
            expires_at=until,
        )
        await running.store.append(connection, change, 0, [event], cause)
        if taken:
            told: list[Event] = [RegistrationRepeated(account_id=taken, wanted_for="email_change")]
            await running.store.append(connection, repeat, 0, told, cause)
        else:
            await links.add(connection, new, "email_change_new", ask.ask_id, until)
        await links.add(connection, old, "email_change_old", ask.ask_id, until)
        await links.add(
            connection, not_me, "email_change_not_me", ask.ask_id, now + 7 * LINK_LIFETIME
        )
