"""Attacks on getting in: enumeration, stuffing, guessing, fixation, poisoned links, scanners."""

import asyncio
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from identity_door import PASSWORD, Door, Person, other_than
from identity_story import Session, a_code, adopt, details, link_of, mailed, opened, said

from epep_events.getting_in import (
    LoginStopped,
    PasswordResetRequested,
    RegistrationRepeated,
    RegistrationStarted,
    SessionStarted,
)
from epep_events.identity import LoginCodeRequested, SessionEnded
from epep_runtime.ids import new_id
from epep_runtime.testing import eventually
from identity_service.parts import Identity

pytestmark = pytest.mark.servers


def told(answer: httpx.Response) -> tuple[int, bytes, list[tuple[str, str]]]:
    """Return everything that an answer tells."""
    return answer.status_code, answer.content, sorted(answer.headers.items())


class Work:
    """Counts the hashing and the statements that an answer takes, which is what time shows."""

    def __init__(self, door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
        self.hashes, self.writes = 0, 0
        identity = door.service.process.part(Identity)
        check, write = identity.passwords.is_right, identity.asks.write

        async def counted_check(*given: Any) -> bool:
            self.hashes += 1
            return await check(*given)

        async def counted_write(*given: Any) -> Any:
            self.writes += 1
            return await write(*given)

        monkeypatch.setattr(identity.passwords, "is_right", counted_check)
        monkeypatch.setattr(identity.asks, "write", counted_write)

    def done(self) -> tuple[int, int]:
        found = (self.hashes, self.writes)
        self.hashes = self.writes = 0
        return found


async def test_no_answer_tells_by_words_or_work_who_has_an_account(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = a_code()
    await adopt(door, code)
    person, nobody = await door.person(), f"{uuid4().hex}@fernhallow.example"
    suspended = await door.person()
    await door.desk.suspend(suspended.email, "left")
    work = Work(door, monkeypatch)
    bodies: dict[str, dict[str, Any]] = {
        "/logins": {"password": "not the password"},
        "/forgotten-password": {},
        "/registrations": details(code),
    }
    for path, body in bodies.items():
        answers, works = [], []
        for email in (person.email, nobody, suspended.email):
            answers.append(told(await door.post(path, body | {"email": email})))
            works.append(work.done())
        assert answers[0] == answers[1] == answers[2], path
        assert works[0] == works[1] == works[2], path
        assert sum(works[0]) == 1, path


async def test_only_the_owners_mailbox_learns_that_there_is_an_account(door: Door) -> None:
    code = a_code()
    await adopt(door, code)
    person, fresh = await door.person(), f"{uuid4().hex}@fernhallow.example"
    for email in (person.email, fresh):
        await door.post("/registrations", details(code, email=email))
    await mailed(door, RegistrationRepeated, account_id=person.account_id)
    await mailed(door, RegistrationStarted, email=fresh)
    assert await said(door, RegistrationStarted, email=person.email) == []


async def test_asking_again_and_again_floods_nobodys_mailbox(door: Door) -> None:
    person = await door.person()
    for _ in range(9):
        await door.post("/forgotten-password", {"email": person.email})

    async def all_looked_up() -> bool:
        return not await door.service.process.pool.fetchval("SELECT count(*) FROM asks")

    assert await eventually(all_looked_up)
    assert len(await said(door, PasswordResetRequested, email=person.email)) == 5


async def test_stuffing_known_passwords_from_one_network_is_stopped(door: Door) -> None:
    """Each address once: no address counts up, the network does."""
    answers = [
        await door.knock(f"{uuid4().hex}@fernhallow.example", "leaked elsewhere") for _ in range(20)
    ]
    assert {each.status_code for each in answers} == {401}
    stopped = await door.knock(f"{uuid4().hex}@fernhallow.example", "leaked elsewhere")
    assert stopped.status_code == 429
    assert int(stopped.headers["Retry-After"]) <= 60


async def test_a_stranger_who_guesses_does_not_lock_the_owner_out_of_a_known_device(
    door: Door,
) -> None:
    person = await door.person()
    known = (await door.enter(person))["device_token"]
    for _ in range(6):
        await door.knock(person.email, "not the password")
    assert (await door.knock(person.email)).status_code == 429
    own = {"email": person.email, "password": PASSWORD, "device_token": known}
    assert (await door.post("/logins", own)).status_code == 202
    token = f"{known.partition('.')[0]}.{'x' * 43}"
    forged = await door.post("/logins", own | {"device_token": token})
    assert forged.status_code == 429
    other = (await door.enter(await door.person()))["device_token"]
    borrowed = await door.post("/logins", own | {"device_token": other})
    assert borrowed.status_code == 429


async def test_the_wait_ends_by_itself_and_by_a_mailed_link(door: Door) -> None:
    person = await door.person()
    for _ in range(6):
        await door.knock(person.email, "not the password")
    assert (await door.knock(person.email)).status_code == 429
    await door.post("/forgotten-password", {"email": person.email})
    asked = await mailed(door, PasswordResetRequested, email=person.email)
    use = {"token": opened(door, asked.sealed_token), "password": "four brisk otters"}
    assert (await door.post("/forgotten-password/confirm", use)).status_code == 200
    assert (await door.knock(person.email, "four brisk otters")).status_code == 202


async def test_who_floods_a_mailbox_is_stopped_and_keeps_nobody_from_a_new_password(
    door: Door,
) -> None:
    person = await door.person()
    typed = details(a_code(), email=person.email)
    await adopt(door, typed["authority"])
    for _ in range(6):
        assert (await door.post("/registrations", typed)).status_code == 202
    for _ in range(6):
        asked = await door.post("/forgotten-password", {"email": person.email})
        assert asked.status_code == 202

    async def looked_up() -> bool:
        return not await door.service.process.pool.fetchval("SELECT count(*) FROM asks")

    await eventually(looked_up)
    assert len(await said(door, RegistrationRepeated, account_id=person.account_id)) == 5
    resets = await said(door, PasswordResetRequested, email=person.email)
    assert len(resets) == 5
    use = {"token": opened(door, resets[-1].sealed_token), "password": "four brisk otters"}
    assert (await door.post("/forgotten-password/confirm", use)).status_code == 200


async def test_codes_cannot_be_guessed_over_many_log_ins(door: Door) -> None:
    """Who knows the password gets five wrong codes in all, not five with each new log-in."""
    person = await door.person()
    wrong = 0
    for _ in range(3):
        begun = await door.knock(person.email)
        if begun.status_code == 429:
            break
        login_id = begun.json()["login_id"]
        code = other_than(await door.mailed_code(login_id))
        for _ in range(3):
            wrong += (await door.give(login_id, code)).status_code == 401
    assert begun.status_code == 429
    assert wrong == 6


async def test_codes_guessed_at_once_count_each(door: Door) -> None:
    login_id = await door.login_id(await door.person())
    right = await door.mailed_code(login_id)
    guesses = [f"{number:06}" for number in range(15) if f"{number:06}" != right]
    await asyncio.gather(*(door.give(login_id, each) for each in guesses))
    assert (await door.give(login_id, right)).status_code == 401


async def test_a_session_is_never_the_one_that_somebody_brought_along(door: Door) -> None:
    """Fixation: ids and secrets are the server's, new at each log-in, whatever is sent."""
    person = await door.person()
    first = await door.enter(person)
    login_id = await door.login_id(person)
    code = await door.mailed_code(login_id)
    planted = {"session_id": first["session_id"], "session_secret": first["session_secret"]}
    refused = await door.post(f"/logins/{login_id}/code", {"code": code} | planted)
    assert refused.status_code == 422
    second = (await door.give(login_id, code)).json()
    assert second["session_id"] != first["session_id"]
    assert second["session_secret"] != first["session_secret"]
    assert second["device_token"] != first["device_token"]


async def test_a_mailed_link_says_nothing_of_a_host_that_the_asker_could_name(door: Door) -> None:
    """Host poisoning: events carry a bare token; the address is a setting of notification's."""
    person = await door.person()
    poison = {
        "Host": "evil.example",
        "X-Forwarded-Host": "evil.example",
        "Forwarded": "host=evil.example",
        "X-Forwarded-For": door.network,
    }
    body = {"email": person.email}
    await door.service.client.post("/forgotten-password", json=body, headers=poison)
    asked = await mailed(door, PasswordResetRequested, email=person.email)
    assert "evil" not in asked.model_dump_json()
    assert "/" not in opened(door, asked.sealed_token)


@pytest.mark.parametrize(
    "name",
    [
        "Eve\r\nBcc: all@x.example",
        "Eve\nSubject: hi",
        "Eve\x00",
        "Eve\u2028Bcc: x",
        "Eve\x85Bcc: x",
    ],
)
async def test_no_name_can_begin_a_header_of_a_mail(door: Door, name: str) -> None:
    await adopt(door, "494")
    typed = details("494", name=name)
    answer = await door.post("/registrations", typed)
    if answer.status_code == 202:  # kept as text: the mail writes it on one line
        started = await mailed(door, RegistrationStarted, email=typed["email"])
        assert not {"\r", "\n", "\x00"} & set(started.name)
    else:
        assert answer.status_code == 422
    address = details("494", email="eve@x.example\r\nBcc: all@x.example")
    assert (await door.post("/registrations", address)).status_code == 422


async def test_a_scanner_that_opens_every_link_uses_none_up(door: Door) -> None:
    code = a_code()
    await adopt(door, code)
    token = await link_of(door, details(code))
    client = door.service.client
    for path in ("/links", "/registrations/confirm", "/forgotten-password/confirm"):
        for method in ("GET", "HEAD", "OPTIONS"):
            answer = await client.request(method, f"{path}?token={token}")
            assert answer.status_code in {404, 405}
    for _ in range(3):
        assert (await door.post("/links", {"token": token})).status_code == 200
    use = {"token": token, "password": PASSWORD}
    assert (await door.post("/registrations/confirm", use)).status_code == 201


async def test_a_link_of_one_kind_opens_nothing_of_another(door: Door) -> None:
    code, person = a_code(), await door.person()
    await adopt(door, code)
    registration = await link_of(door, details(code))
    await door.post("/forgotten-password", {"email": person.email})
    asked = await mailed(door, PasswordResetRequested, email=person.email)
    reset = opened(door, asked.sealed_token)
    for path, token in (
        ("/forgotten-password/confirm", registration),
        ("/registrations/confirm", reset),
    ):
        answer = await door.post(path, {"token": token, "password": PASSWORD})
        assert answer.status_code == 404
    for path in ("/email-changes/confirm", "/email-changes/not-me", "/logins/not-me"):
        assert (await door.post(path, {"token": reset})).status_code == 404


async def test_ids_that_are_guessed_open_nothing(door: Door) -> None:
    me = Session(door, await door.enter(await door.person("330:social_worker")))
    victim = await door.person("330:social_worker")
    someone = await door.enter(victim)
    for path in (
        f"/accounts/{victim.account_id}/sessions",
        f"/access-requests/{new_id()}",
        "/access-requests?authority=330",
        "/accounts?authority=330",
    ):
        assert (await me.get(path)).status_code == 404, path
    why = {"why": "because"}
    for path in (
        f"/accounts/{victim.account_id}/sessions/end",
        f"/accounts/{victim.account_id}/factors/reset",
        f"/me/sessions/{someone['session_id']}/end",
        f"/access-requests/{new_id()}/refusal",
    ):
        body = {} if "/me/" in path else why
        answer = await me.post(path, body, **{"If-Match": '"1"'})
        assert answer.status_code == 404, path
    guessed = {"session_id": someone["session_id"], "session_secret": "guessed"}
    assert (await door.post("/tokens", guessed)).status_code == 401


@pytest.mark.parametrize(
    ("path", "extra"),
    [
        ("/registrations", {"grants": [{"authority": "330", "role": "virtual_school"}]}),
        ("/registrations", {"state": "accepted"}),
        ("/registrations", {"invited": True}),
        ("/registrations", {"account_id": str(uuid4())}),
        ("/logins", {"account_id": str(uuid4())}),
        ("/logins", {"next": "done"}),
        ("/forgotten-password", {"host": "evil.example"}),
    ],
)
async def test_nothing_more_can_be_set_than_is_asked_for(
    door: Door, path: str, extra: dict[str, Any]
) -> None:
    await adopt(door, "493")
    bodies: dict[str, dict[str, Any]] = {
        "/registrations": details("493"),
        "/logins": {"email": "eve@x.example", "password": PASSWORD},
        "/forgotten-password": {"email": "eve@x.example"},
    }
    answer = await door.post(path, bodies[path] | extra)
    assert answer.status_code == 422
    assert {each["field"] for each in answer.json()["errors"]} == set(extra)


async def test_nobody_registers_as_an_operator_or_with_a_role_of_no_such_name(door: Door) -> None:
    await adopt(door, "492")
    for role in ("operator", "system", "young_person", "root", ""):
        answer = await door.post("/registrations", details("492", role=role, setting_urn=None))
        assert answer.status_code == 422, role


async def test_my_details_are_all_that_i_can_set_of_my_account(door: Door) -> None:
    person = await door.person("330:iro")
    me = Session(door, await door.enter(person))
    for extra in (
        {"email": "other@x.example"},
        {"grants": [{"authority": "330", "role": "virtual_school"}]},
        {"account_id": str(uuid4())},
        {"active": True},
    ):
        assert (await me.put("/me/details", {"name": "Eve"} | extra)).status_code == 422
    found = (await me.get("/me")).json()
    assert (found["name"], found["email"]) == (person.name, person.email)


async def stop(door: Door, login_id: str) -> httpx.Response:
    asked = await said(door, LoginCodeRequested, login_id=UUID(login_id))
    return await door.post("/logins/not-me", {"token": opened(door, asked[-1].sealed_not_me)})


async def test_this_is_not_me_ends_the_log_in_before_its_code_is_given(door: Door) -> None:
    person = await door.person("330:iro")
    login_id = await door.login_id(person)
    code = await door.mailed_code(login_id)
    assert (await stop(door, login_id)).status_code == 200
    assert (await door.give(login_id, code)).status_code == 401
    (stopped,) = await said(door, LoginStopped, account_id=person.account_id)
    assert stopped.had_entered is False
    assert (await stop(door, login_id)).status_code == 404


async def test_this_is_not_me_ends_the_session_that_somebody_got(door: Door) -> None:
    person = await door.person("330:iro")
    thief, mine = await door.enter(person), await door.enter(person)
    started = await said(door, SessionStarted, account_id=person.account_id)
    theirs = next(each for each in started if str(each.session_id) == thief["session_id"])
    assert (await stop(door, str(theirs.login_id))).status_code == 200
    (ended,) = await said(door, SessionEnded, account_id=person.account_id)
    assert str(ended.session_id) == thief["session_id"]
    assert (await Session(door, mine).get("/me/sessions")).status_code == 200
    (stopped,) = await said(door, LoginStopped, account_id=person.account_id)
    assert stopped.had_entered is True


async def test_a_person_without_a_role_sees_themselves_and_nothing_else(door: Door) -> None:
    entered = await door.enter(Person(new_id(), "", (await door.person()).email))
    me = Session(door, entered)
    assert (await me.get("/me")).status_code == 200
    for path in ("/accounts?authority=330", "/access-requests?authority=330"):
        assert (await me.get(path)).status_code == 404
