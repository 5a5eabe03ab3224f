"""Change one's own password; the other sessions end."""

from fastapi import APIRouter, Request
from fastapi.responses import Response

from epep_events.base import Event
from epep_events.getting_in import PasswordReplaced
from epep_events.identity import PasswordChanged
from epep_runtime.http import Changing
from epep_runtime.text import Command, example
from identity_service.accounts import directory
from identity_service.accounts.mine import Mine, mine
from identity_service.answering_once import AnsweredOnce
from identity_service.causes import by_person
from identity_service.devices.forgetting import forget_all
from identity_service.logins.answers import LOGIN_RESPONSES
from identity_service.logins.ways_in import end_ways_in
from identity_service.passwords.rules import TypedPassword
from identity_service.passwords.strength import must_stand, words_of
from identity_service.sessions.ending_all import end_these, hold_with_sessions
from identity_service.sessions.reauthenticating import must_know

router = APIRouter(route_class=AnsweredOnce)


class ChangePassword(Command):
    """The password of now and the one from now on."""

    model_config = example(current="three made-up words", new="four other made-up words")

    current: TypedPassword
    new: TypedPassword


@router.post(
    "/me/password",
    status_code=204,
    response_class=Response,
    responses={429: LOGIN_RESPONSES[429]},
    summary="Change my password",
)
async def change_password(command: ChangePassword, change: Changing, request: Request) -> None:
    """Set another password, end my other sessions, remember no device. I am told by mail.

    Log-ins that the old password began, and links to a new one, are worth nothing any more.

    422: `current` code `wrong`; `new` codes too_short, too_long, common, personal, guessable.
    """
    me = await mine(request, change.principal, fresh=False)
    await must_know(me, command.current, "current")
    account = await me.account()
    await must_stand(command.new, words_of(account.name, account.email), "new")
    await _set(me, await me.identity.passwords.hash(command.new))


async def _set(me: Mine, password_hash: str) -> None:
    store = me.running.store
    async with me.running.pool.acquire() as connection, connection.transaction():
        opened = await hold_with_sessions(connection, store, me.account_id)
        loaded = await me.still(connection)
        events: list[Event] = [
            PasswordChanged(account_id=me.account_id),
            PasswordReplaced(account_id=me.account_id, how="changed"),
            *await forget_all(connection, me.account_id, me.now),
        ]
        await me.say(connection, loaded, events)
        await directory.set_password(connection, me.account_id, password_hash, me.now)
        others = [each for each in opened if each.session_id != me.session.session_id]
        await end_these(connection, store, others, by_person(me.account_id), me.now)
        await end_ways_in(connection, me.account_id, me.now)
