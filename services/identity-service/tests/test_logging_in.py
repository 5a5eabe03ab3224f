"""The whole log-in over HTTP, with the codes read as notification-service would read them."""

import asyncio
import json
import time
from typing import Any

import pytest
from identity_door import PASSWORD, Door, other_than, proof

from epep_events.identity import LoginCodeRequested, LoginSucceeded, UserRegistered
from epep_runtime.testing import eventually
from epep_runtime.tokens import Grant, Principal
from identity_service.accounts import directory
from identity_service.parts import Identity
from identity_service.passwords.hashing import Passwords

pytestmark = pytest.mark.servers


async def principal_behind(door: Door, token: str) -> Principal:
    answer = await door.service.client.get("/me", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 200
    return await door.service.process.verifier.verify(token)


async def test_address_password_and_code_let_a_person_in(door: Door) -> None:
    person = await door.person("330:designated_teacher:990105", "998:designated_teacher:990105")
    entered = await door.enter(person)
    assert entered["account"] == {
        "id": str(person.account_id),
        "name": "Amara Lindqvist",
        "email": person.email,
        "grants": [
            {"authority": "330", "role": "designated_teacher", "setting_urn": "990105"},
            {"authority": "998", "role": "designated_teacher", "setting_urn": "990105"},
        ],
    }

    async def is_known() -> Principal:
        return await principal_behind(door, entered["access_token"])

    assert await eventually(is_known) == Principal(
        person.account_id,
        "Amara Lindqvist",
        frozenset({Grant("330", "designated_teacher"), Grant("998", "designated_teacher")}),
        entered["session_id"],
    )
    succeeded = [each.data for each in await door.service.said(LoginSucceeded)]
    assert person.account_id in {each.account_id for each in succeeded}  # type: ignore[attr-defined]


async def test_before_mail_is_ready_everybody_is_asked_to_come_again(door: Door) -> None:
    answer = door.answer_before_mail
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "5"
    assert answer.json()["type"] == "urn:epep:problem:unavailable"


async def test_an_unknown_address_and_a_wrong_password_get_the_same_answer(door: Door) -> None:
    person = await door.person()
    wrong = await door.knock(person.email, "three quiet heron")
    unknown = await door.knock("nobody@fernhallow.example")
    assert wrong.status_code == unknown.status_code == 401
    assert wrong.content == unknown.content
    assert wrong.json()["detail"] == "Email address or password not recognised"
    assert dict(wrong.headers) == dict(unknown.headers)
    assert await door.failures(person) == ["password"]


async def test_a_refusal_takes_a_whole_number_of_steps(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = door.service.process.part(Identity).settings
    monkeypatch.setattr(settings, "refusal_seconds", 0.4)
    person = await door.person()
    began = time.monotonic()
    assert (await door.knock(person.email, "three quiet heron")).status_code == 401
    assert time.monotonic() - began >= 0.4


async def test_an_address_may_be_typed_in_capitals(door: Door) -> None:
    person = await door.person()
    assert (await door.knock(f" {person.email.upper()} ")).status_code == 202


async def test_wrong_used_expired_burnt_and_unknown_codes_get_one_answer(door: Door) -> None:
    used, expired, burnt = [await door.person() for _ in range(3)]
    answers = []
    login = await door.login_id(used)
    code = await door.mailed_code(login)
    answers.append(await door.give(login, other_than(code)))
    assert (await door.give(login, code)).status_code == 200
    answers.append(await door.give(login, code))

    login = await door.login_id(burnt)
    code = await door.mailed_code(login)
    answers += [await door.give(login, other_than(code)) for _ in range(5)]
    answers.append(await door.give(login, code))

    login = await door.login_id(expired)
    door.clock.pass_by(minutes=10)
    answers.append(await door.give(login, await door.mailed_code(login)))
    answers.append(await door.give("01900000-0000-7000-8000-000000000009", code))

    assert {each.status_code for each in answers} == {401}
    assert {each.content for each in answers} == {answers[0].content}
    assert answers[0].json()["detail"] == "That code is not right or has expired"
    assert await door.failures(expired) == ["expired"]
    assert await door.failures(burnt) == ["code"] * 5


async def test_of_twenty_that_give_the_right_code_at_once_one_gets_in(door: Door) -> None:
    login = await door.login_id(await door.person())
    code = await door.mailed_code(login)
    answers = await asyncio.gather(*(door.give(login, code) for _ in range(10)))
    assert sorted(each.status_code for each in answers) == [200] + [401] * 9


async def test_a_code_is_good_for_its_own_log_in_only(door: Door) -> None:
    one, other = await door.login_id(await door.person()), await door.login_id(await door.person())
    codes = {each: await door.mailed_code(each) for each in (one, other)}
    if codes[one] != codes[other]:  # one time in a million they are the same
        assert (await door.give(one, codes[other])).status_code == 401
    assert (await door.give(one, codes[one])).status_code == 200


async def test_starting_again_makes_the_first_code_worthless(door: Door) -> None:
    person = await door.person()
    first = await door.login_id(person)
    code = await door.mailed_code(first)
    second = await door.login_id(person)
    assert (await door.give(first, code)).status_code == 401
    assert (await door.give(second, await door.mailed_code(second))).status_code == 200


async def test_another_code_can_be_had_after_a_minute_and_replaces_the_first(door: Door) -> None:
    login = await door.login_id(await door.person())
    first = await door.mailed_code(login)
    hurried = await door.post(f"/logins/{login}/resend")
    assert hurried.status_code == 429
    assert 0 < int(hurried.headers["Retry-After"]) <= 60
    door.clock.pass_by(seconds=60)
    again = await door.post(f"/logins/{login}/resend")
    assert again.status_code == 202
    assert again.json()["login_id"] == login
    second = await door.mailed_code(login)
    if second != first:  # one time in a million they are the same
        assert (await door.give(login, first)).status_code == 401
    assert (await door.give(login, second)).status_code == 200


async def test_a_log_in_that_is_over_or_unknown_gives_no_more_codes(door: Door) -> None:
    over = await door.login_id(await door.person())
    await door.give(over, await door.mailed_code(over))
    old = await door.login_id(await door.person())
    door.clock.pass_by(hours=1)
    unknown = "01900000-0000-7000-8000-000000000009"
    answers = [await door.post(f"/logins/{each}/resend") for each in (over, old, unknown)]
    assert [each.status_code for each in answers] == [401] * 3
    assert len({each.content for each in answers}) == 1


async def test_no_secret_is_ever_written_down(door: Door) -> None:
    person = await door.person("330:iro")
    login = await door.login_id(person)
    code = await door.mailed_code(login)
    entered = (await door.give(login, code)).json()
    pool = door.service.process.pool
    tables = await pool.fetch(
        "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'migrations'"
    )
    kept = ""
    for table in tables:
        rows = await pool.fetch(f"SELECT to_jsonb(t) AS row FROM {table['tablename']} AS t")
        kept += json.dumps([each["row"] for each in rows])
    assert person.email in kept
    for secret in (PASSWORD, entered["session_secret"], entered["access_token"], f'"{code}"'):
        assert secret not in kept
    assert "argon2" not in json.dumps(
        [each.data.model_dump(mode="json") for each in await door.service.said()]
    )
    assert '"d":' not in kept.replace(" ", "")  # the private part of a key


async def test_a_cheaper_hash_is_made_again_at_the_log_in(door: Door) -> None:
    person = await door.person()
    pool, process = door.service.process.pool, door.service.process
    dearer = process.settings.model_copy(update={"password_passes": 2})
    known = await directory.find(pool, person.email)
    assert known is not None
    old = await Passwords(dearer).hash(_secret(PASSWORD))  # type: ignore[arg-type]
    await directory.rehash(pool, known, old)
    await door.enter(person)
    renewed = await directory.find(pool, person.email)
    assert renewed is not None
    assert renewed.password_hash not in {old, known.password_hash}
    assert "m=8,t=1" in renewed.password_hash
    await door.enter(person)


def _secret(text: str) -> Any:
    from pydantic import SecretStr

    return SecretStr(text)


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        (b'{"email": "a@b.example", "password": ', 400, None),
        (b'{"email": "a@b.example"}', 422, "password"),
        (b'{"email": "not an address", "password": "herons-x"}', 422, "email"),
        (b'{"email": "a\\u0000@b.example", "password": "herons-x"}', 422, "email"),
        (b'{"email": "\\ud800@b.example", "password": "herons-x"}', 422, "email"),
        (b'{"email": "a@b.example", "password": "herons-x\\ud800"}', 422, "password"),
        (b'{"email": "a@b.example", "password": "herons-x\\u0000"}', 422, "password"),
        (b'{"email": "a@b.example", "password": ""}', 422, "password"),
        (b'{"email": "a@b.example", "password": ["herons-x"]}', 422, "password"),
        (b'{"email": "a@b.example", "password": "herons-x", "admin": true}', 422, "admin"),
        (b'{"email": "a@b.example", "password": "' + b"herons-x" * 20 + b'"}', 422, "password"),
        (b'{"email": "a@b.example", "password": "' + b"herons-x" * 1_300_000 + b'"}', 413, None),
    ],
)
async def test_bad_input_gets_a_problem_that_names_the_field_and_repeats_nothing(
    door: Door, body: bytes, status: int, field: str | None
) -> None:
    answer = await door.post("/logins", content=body)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert "herons-x" not in answer.text
    assert "not an address" not in answer.text
    errors = answer.json().get("errors", [])
    assert [each["field"] for each in errors] == ([field] if field else [])


@pytest.mark.parametrize("code", ["", "12345", "12 34 5", "abcdef", "1234567", None, 123456])
async def test_what_is_no_code_is_said_to_be_none_and_costs_no_try(door: Door, code: Any) -> None:
    login = await door.login_id(await door.person())
    for _ in range(6):
        answer = await door.post(f"/logins/{login}/code", {"code": code})
        assert answer.status_code == 422
        assert [each["field"] for each in answer.json()["errors"]] == ["code"]
    assert (await door.give(login, await door.mailed_code(login))).status_code == 200


async def test_a_session_is_proved_by_its_secret_and_ended_by_its_owner(door: Door) -> None:
    person = await door.person()
    entered = await door.enter(person)
    wrong = proof(entered) | {"session_secret": "x" * 43}
    assert (await door.post("/tokens", wrong)).status_code == 401
    assert (await door.post("/sessions/end", wrong)).status_code == 401
    renewed = await door.post("/tokens", proof(entered))
    assert renewed.status_code == 200
    assert set(renewed.json()) == {
        "access_token",
        "access_expires_at",
        "idle_ends_at",
        "session_expires_at",
        "account",
    }
    assert renewed.json()["account"] == entered["account"]
    assert (await door.post("/sessions/end", proof(entered))).status_code == 204
    assert (await door.post("/sessions/end", proof(entered))).status_code == 204
    over = await door.post("/tokens", proof(entered))
    assert over.status_code == 401
    assert over.json()["detail"] == "The session has ended. Log in again."
    said = [
        each.data
        for each in await door.service.said()
        if each.meta.stream_id == f"session-{entered['session_id']}"
    ]
    assert [each.type_name() for each in said] == ["SessionStarted", "SessionEnded"]


async def test_a_session_lives_as_long_as_it_is_used_up_to_twelve_hours(door: Door) -> None:
    entered = await door.enter(await door.person())
    for _ in range(24):
        door.clock.pass_by(minutes=29)
        assert (await door.post("/tokens", proof(entered))).status_code == 200
    door.clock.pass_by(minutes=25)
    assert (await door.post("/tokens", proof(entered))).status_code == 401
    idle = await door.enter(await door.person())
    door.clock.pass_by(minutes=30)
    assert (await door.post("/tokens", proof(idle))).status_code == 401


async def test_what_was_said_is_published(door: Door) -> None:
    person = await door.person()
    await door.login_id(person)
    newest = (await door.service.said(LoginCodeRequested, UserRegistered))[-1]

    async def is_sent() -> bool:
        row = await door.service.process.pool.fetchrow(
            "SELECT publication <= r.sent AS sent FROM events JOIN publications USING (position),"
            " relay_place r WHERE event_id = $1",
            newest.meta.event_id,
        )
        return row is not None and bool(row["sent"])

    assert await eventually(is_sent)
