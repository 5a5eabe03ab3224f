"""The link "this is not me" of a code's mail: it ends that log-in and what came of it."""

from uuid import UUID

from fastapi import APIRouter, Request
from pydantic import BaseModel

from epep_events.getting_in import LoginStopped
from epep_runtime.http import running_of
from epep_runtime.postgres import Connection
from epep_runtime.problems import NotFoundError
from epep_runtime.service import Running
from epep_runtime.text import Command, example
from identity_service.accounts.account import ACCOUNT
from identity_service.causes import by_service
from identity_service.devices.forgetting import forget_all
from identity_service.links import records as links
from identity_service.links.looking import LINK_RESPONSES, Token
from identity_service.logins import records
from identity_service.sessions.ending_all import end_these, hold_with_sessions

router = APIRouter()


class StopLogin(Command):
    """The token of the link in the mail."""

    model_config = example(token="from-the-mail")  # noqa: S106

    token: Token


class Stopped(BaseModel):
    """Nothing more is to be said: owner and virtual school are mailed."""


@router.post("/logins/not-me", responses=LINK_RESPONSES, summary="This is not me")
async def not_me(command: StopLogin, request: Request) -> Stopped:
    """End the log-in that the mail was about, and the session that came of it.

    PUBLIC: the token is the proof. Somebody knows the password: the person is told to change it,
    and devices are remembered no longer.
    """
    running = running_of(request)
    token, now = command.token.get_secret_value(), running.store.clock()
    link = await links.find(running.pool, token, ("not_me",), now)
    async with running.pool.acquire() as connection, connection.transaction():
        login = await records.find(connection, link.subject)
        if login is None:
            raise NotFoundError
        await _stop(running, connection, link, login.account_id)
    return Stopped()


async def _stop(
    running: Running, connection: Connection, link: links.Link, account_id: UUID
) -> None:
    store, now = running.store, running.store.clock()
    login_stream = records.stream(link.subject)
    opened = await hold_with_sessions(connection, store, account_id, login_stream)
    await links.use(connection, link, now)
    mine = [each for each in opened if each.login_id == link.subject]
    account = await store.load(connection, ACCOUNT, account_id)
    cause = by_service().within(_authority(account.state.at(now).authorities))
    event = LoginStopped(account_id=account_id, login_id=link.subject, had_entered=bool(mine))
    await records.say(store, connection, link.subject, [event], cause)
    forgotten = await forget_all(connection, account_id, now)
    await store.append(connection, ACCOUNT.stream(account_id), account.version, forgotten, cause)
    await end_these(connection, store, mine, cause, now)
    await records.end_all(connection, account_id, now)


def _authority(authorities: tuple[str, ...]) -> str | None:
    """Return the authority whose virtual school is told: the person's one, or the first."""
    return authorities[0] if authorities else None
