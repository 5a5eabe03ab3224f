"""What ends with a password, an address or a session, and must not be finished all the same."""

import asyncio
from typing import Any
from uuid import UUID, uuid4

import pytest
from identity_door import PASSWORD, Door, Person
from identity_story import Session, a_code, adopt, mailed, opened
from pydantic import SecretStr

from epep_events.getting_in import EmailChangeRequested, PasswordResetRequested
from epep_runtime.testing import eventually
from identity_service.accounts.account import ACCOUNT
from identity_service.accounts.opening import OpenAccount
from identity_service.causes import by_service
from identity_service.operating.welcoming import Welcome
from identity_service.parts import Identity
from identity_service.sessions.ending_all import end_these, hold_with_sessions

pytestmark = pytest.mark.servers
OTHER, THIEFS = "four brisk otters", "five calm badgers"


async def reset_link(door: Door, email: str) -> str:
    assert (await door.post("/forgotten-password", {"email": email})).status_code == 202
    return opened(door, (await mailed(door, PasswordResetRequested, email=email)).sealed_token)


async def choose(door: Door, token: str, password: str) -> int:
    body = {"token": token, "password": password}
    return (await door.post("/forgotten-password/confirm", body)).status_code


async def ask_for_address(door: Door, me: Session, email: str) -> EmailChangeRequested:
    assert (await me.post("/me/email", {"email": email})).status_code == 202
    return await mailed(door, EmailChangeRequested, new_email=email)


async def on_a_remembered_device(door: Door) -> tuple[Person, dict[str, Any]]:
    code = a_code()
    await adopt(door, code, remembered_device_days=30)
    person = await door.person(f"{code}:iro")
    login_id = await door.login_id(person)
    given = {"code": await door.mailed_code(login_id), "remember_device": True}
    entered: dict[str, Any] = (await door.post(f"/logins/{login_id}/code", given)).json()
    assert entered["remembered_until"] is not None
    return person, entered


async def next_on(door: Door, person: Person, entered: dict[str, Any], password: str) -> str:
    body = {"email": person.email, "password": password, "device_token": entered["device_token"]}
    return str((await door.post("/logins", body)).json()["next"])


async def test_a_changed_password_ends_log_ins_and_links_that_were_before_it(door: Door) -> None:
    person = await door.person()
    me = Session(door, await door.enter(person))
    link = await reset_link(door, person.email)
    login = await door.login_id(person)
    code = await door.mailed_code(login)
    changed = await me.post("/me/password", {"current": PASSWORD, "new": OTHER})
    assert changed.status_code == 204
    assert (await door.give(login, code)).status_code == 401
    assert await choose(door, link, THIEFS) == 404


async def test_what_went_to_the_old_address_opens_nothing_once_it_is_the_old_one(
    door: Door,
) -> None:
    person = await door.person()
    me, wanted = Session(door, await door.enter(person)), f"new-{person.email}"
    link = await reset_link(door, person.email)
    login = await door.login_id(person)
    code = await door.mailed_code(login)
    asked = await ask_for_address(door, me, wanted)
    for sealed in (asked.sealed_old, asked.sealed_new):
        confirmed = await door.post("/email-changes/confirm", {"token": opened(door, sealed)})
        assert confirmed.status_code == 200
    assert await choose(door, link, THIEFS) == 404
    assert (await door.give(login, code)).status_code == 401
    assert (await door.knock(wanted)).status_code == 202


async def test_who_says_that_a_change_of_address_was_not_theirs_is_rid_of_the_thiefs_device(
    door: Door,
) -> None:
    person, entered = await on_a_remembered_device(door)
    assert await next_on(door, person, entered, PASSWORD) == "device"
    asked = await ask_for_address(door, Session(door, entered), f"thief-{person.email}")
    token = opened(door, asked.sealed_not_me)
    assert (await door.post("/email-changes/not-me", {"token": token})).status_code == 200
    assert await next_on(door, person, entered, PASSWORD) == "code"


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/me/factors/totp", {"name": "Not my phone"}),
        ("/me/password", {"current": PASSWORD, "new": THIEFS}),
    ],
)
async def test_what_was_under_way_in_a_session_that_is_ended_is_not_done(
    door: Door, path: str, body: dict[str, str]
) -> None:
    person = await door.person()
    me, process = Session(door, await door.enter(person)), door.service.process
    stream = ACCOUNT.stream(person.account_id)

    async def waits() -> bool:
        found = await process.pool.fetchval(
            "SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
            " AND (classid::bigint << 32) | objid::bigint = hashtextextended($1, 0))",
            stream,
        )
        return bool(found)

    async with process.pool.acquire() as connection, connection.transaction():
        ended = await hold_with_sessions(connection, process.store, person.account_id)
        under_way = asyncio.create_task(me.post(path, body))
        await eventually(waits)
        await end_these(connection, process.store, ended, by_service(), door.clock())
    assert (await under_way).status_code == 401
    assert (await door.knock(person.email)).json()["next"] == "code"


async def test_a_password_that_is_replaced_while_it_is_looked_at_begins_nothing(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    person, passwords = await door.person(), door.service.process.part(Identity).passwords
    link, is_right = await reset_link(door, person.email), passwords.is_right

    async def then_replaced(password: SecretStr, stored: str | None) -> bool:
        found = await is_right(password, stored)
        assert await choose(door, link, OTHER) == 200
        return found

    with monkeypatch.context() as patched:
        patched.setattr(passwords, "is_right", then_replaced)
        late = await door.knock(person.email)
    assert late.status_code == 401
    assert late.content == (await door.knock(person.email)).content
    assert (await door.knock(person.email, OTHER)).status_code == 202


async def test_a_password_that_the_operator_sets_ends_what_the_old_one_began(door: Door) -> None:
    person, entered = await on_a_remembered_device(door)
    link, login = await reset_link(door, person.email), await door.login_id(person)
    code = await door.mailed_code(login)
    wanted = OpenAccount(name=person.name, email=person.email, password=OTHER)
    assert [each.outcome for each in await door.desk.open_all([wanted])] == ["changed"]
    assert (await door.give(login, code)).status_code == 401
    assert await choose(door, link, THIEFS) == 404
    assert await next_on(door, person, entered, OTHER) == "code"


async def test_who_has_chosen_no_password_yet_can_be_suspended_and_given_one(door: Door) -> None:
    email = f"{uuid4().hex}@fernhallow.example"
    link = await door.desk.welcome(Welcome(name="Nia Prior", email=email, authority="330"))
    token = link.rpartition("/")[2]
    assert "suspended" in await door.desk.suspend(email, "the address was mistyped")
    assert await choose(door, token, THIEFS) == 404
    assert "restored" in await door.desk.restore(email, "it was right")
    wanted = OpenAccount(name="Nia Prior", email=email, password=OTHER)
    (given,) = await door.desk.open_all([wanted])
    assert given.outcome == "changed"
    assert isinstance(given.account_id, UUID)
    assert (await door.knock(email, OTHER)).status_code == 202
