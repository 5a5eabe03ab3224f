"""A forgotten address: who knows enough of themselves is mailed which one they use (S24)."""

from fastapi import APIRouter, Request
from pydantic import Field

from epep_events.getting_in import EmailReminderRequested
from epep_runtime.service import Running
from epep_runtime.text import Command, Name, example
from identity_service.accounts.account import ACCOUNT
from identity_service.asking.answers import ASK_RESPONSES, Asked, write_ask
from identity_service.asking.asks import Ask, done
from identity_service.causes import by_service
from identity_service.parts import Identity
from identity_service.read_models.reminders import known_by
from identity_service.registrations.wanting import Telephone

router = APIRouter()
SENT = (
    "If we know somebody by these details, an email is on its way to the address that they use. "
    "Look in each of your mailboxes."
)


class ForgottenEmail(Command):
    """What the person gave when they registered."""

    model_config = example(name="Amara Lindqvist", setting="990105", phone="01632 960 001")

    name: Name
    setting: Name = Field(description="The school's URN, or the team's name")
    phone: Telephone


@router.post(
    "/forgotten-email", status_code=202, responses=ASK_RESPONSES, summary="Forgotten email address"
)
async def forgotten_email(command: ForgottenEmail, request: Request) -> Asked:
    """Have the person mailed, at the address on record, which address that is.

    PUBLIC. Nothing on screen tells whether anybody fits; all three must.
    """
    return await write_ask(request, "forgotten_email", command, SENT)


async def look_up_forgotten_email(running: Running, ask: Ask) -> None:
    """Mail the one person whom all three fit; where that is nobody, or several, nobody."""
    command = ForgottenEmail.model_validate(ask.body)
    stream = f"recovery-{ask.ask_id}"
    async with running.pool.acquire() as connection, connection.transaction():
        await running.store.hold(connection, [stream])
        if not await done(connection, ask):
            return
        found = await known_by(connection, command.name, command.setting, command.phone)
        account_id = found or ask.ask_id  # nobody is looked up like somebody
        account = (await running.store.load(connection, ACCOUNT, account_id)).state
        if not account.active or account.account_id is None:
            return
        counters = running.part(Identity).counters
        if not await counters.may_mail(connection, ask, account.email):
            return
        event = EmailReminderRequested(
            account_id=account.account_id, name=account.name, email=account.email
        )
        await running.store.append(connection, stream, 0, [event], by_service())
