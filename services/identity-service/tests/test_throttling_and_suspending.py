"""Who must wait, who is locked out, and what others can learn of it: nothing."""

import asyncio

import pytest
from identity_door import NETWORK_FAILURES, Door, Person, other_than, proof
from identity_story import Session
from pydantic import SecretStr

from identity_service.parts import Identity

pytestmark = pytest.mark.servers
WRONG = "three quiet heron"


async def knocks(door: Door, email: str, times: int) -> list[int]:
    return [(await door.knock(email, WRONG)).status_code for _ in range(times)]


async def test_after_five_failures_even_the_right_password_waits(door: Door) -> None:
    person = await door.person()
    assert await knocks(door, person.email, 6) == [401] * 5 + [429]
    blocked = await door.knock(person.email)
    assert blocked.status_code == 429
    assert 0 < int(blocked.headers["Retry-After"]) <= 60
    door.clock.pass_by(seconds=61)
    assert await knocks(door, person.email, 2) == [401, 429]
    door.clock.pass_by(seconds=61)
    assert (await door.knock(person.email)).status_code == 429  # two minutes this time
    door.clock.pass_by(seconds=60)
    await door.enter(person)
    assert await knocks(door, person.email, 4) == [401] * 4  # forgotten: they got in
    assert await door.failures(person) == [
        *["password"] * 5,
        "throttled",
        "password",
        "throttled",
        *["password"] * 4,
    ]


async def test_an_address_that_nobody_has_is_made_to_wait_just_the_same(door: Door) -> None:
    person = await door.person()
    nobody = Person(person.account_id, "Nobody", f"no.{person.email}")
    answers = {}
    for each in (person, nobody):
        answers[each.email] = [await door.knock(each.email, WRONG) for _ in range(7)]
    mine, theirs = answers.values()
    assert [each.status_code for each in mine] == [401] * 5 + [429] * 2
    assert [each.content for each in mine] == [each.content for each in theirs]
    assert [set(each.headers) for each in mine] == [set(each.headers) for each in theirs]


async def test_guesses_sent_at_the_same_moment_are_counted_one_by_one(door: Door) -> None:
    person = await door.person()
    answers = await asyncio.gather(*(door.knock(person.email, WRONG) for _ in range(12)))
    assert sorted(each.status_code for each in answers) == [401] * 5 + [429] * 7


async def test_wrong_codes_count_like_wrong_passwords(door: Door) -> None:
    person = await door.person()
    login = await door.login_id(person)
    code = await door.mailed_code(login)
    for _ in range(5):
        await door.give(login, other_than(code))
    assert (await door.knock(person.email)).status_code == 429
    door.clock.pass_by(minutes=1)
    await door.give(login, code)  # burnt, and no try any more
    assert (await door.knock(person.email)).status_code == 202


async def test_a_right_password_beside_wrong_codes_takes_no_wait_away(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    person, passwords = await door.person(), door.service.process.part(Identity).passwords
    await knocks(door, person.email, 4)
    login = await door.login_id(person)
    code, is_right = await door.mailed_code(login), passwords.is_right
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def held(password: SecretStr, stored: str | None) -> bool:
        begun.set()
        await go_on.wait()
        return await is_right(password, stored)

    monkeypatch.setattr(passwords, "is_right", held)
    beside = asyncio.create_task(door.knock(person.email))
    await begun.wait()
    for _ in range(5):
        assert (await door.give(login, other_than(code))).status_code == 401
    go_on.set()
    assert (await beside).status_code == 202
    assert (await door.knock(person.email)).status_code == 429


async def test_strangers_who_guess_keep_nobody_from_changing_their_password(door: Door) -> None:
    person = await door.person()
    me = Session(door, await door.enter(person))
    assert await knocks(door, person.email, 6) == [401] * 5 + [429]
    changed = {"current": person.password, "new": "four brisk otters"}
    assert (await me.post("/me/password", changed)).status_code == 204
    guesses = [await me.post("/me/reauthentication", {"password": WRONG}) for _ in range(6)]
    assert [each.status_code for each in guesses] == [422] * 5 + [429]


async def test_somebody_who_must_wait_gets_no_new_code_either(door: Door) -> None:
    person = await door.person()
    login = await door.login_id(person)
    door.clock.pass_by(seconds=60)
    await knocks(door, person.email, 5)
    assert (await door.post(f"/logins/{login}/resend")).status_code == 429
    door.clock.pass_by(seconds=60)
    assert (await door.post(f"/logins/{login}/resend")).status_code == 202


async def test_a_network_that_tries_many_addresses_waits_and_others_do_not(door: Door) -> None:
    person = await door.person()
    door.network = "198.51.100.7"
    for number in range(NETWORK_FAILURES):
        answer = await door.knock(f"guess.{number}@fernhallow.example", WRONG)
        assert answer.status_code == 401
    assert (await door.knock(person.email)).status_code == 429
    unknown = "01900000-0000-7000-8000-000000000009"
    assert (await door.give(unknown, "000000")).status_code == 429
    door.network = "198.51.100.8"
    await door.enter(person)


async def test_people_who_get_in_do_not_use_up_their_networks_tries(door: Door) -> None:
    person = await door.person()
    for _ in range(NETWORK_FAILURES + 2):
        await door.login_id(person)


async def test_a_suspended_person_is_out_at_once_and_is_told_what_anybody_is(door: Door) -> None:
    person = await door.person("330:social_worker")
    entered = await door.enter(person)
    waiting = await door.login_id(person)
    code = await door.mailed_code(waiting)
    headers = door.service.as_person(person.account_id, ("330", "social_worker"))
    assert (await door.service.client.get("/me", headers=headers)).status_code == 200

    assert "suspended" in await door.desk.suspend(person.email, "left on Friday")
    assert "already" in await door.desk.suspend(person.email, "left on Friday")
    assert (await door.post("/tokens", proof(entered))).status_code == 401
    assert (await door.service.client.get("/me", headers=headers)).status_code == 401
    assert (await door.give(waiting, code)).status_code == 401
    right, wrong = await door.knock(person.email), await door.knock(person.email, WRONG)
    assert right.status_code == wrong.status_code == 401
    assert right.content == wrong.content
    assert await door.failures(person) == ["deactivated", "password"]

    assert "restored" in await door.desk.restore(person.email, "came back")
    assert (await door.post("/tokens", proof(entered))).status_code == 401
    await door.enter(person)
