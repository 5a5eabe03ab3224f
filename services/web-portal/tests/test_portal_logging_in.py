import json
from datetime import timedelta
from typing import Any

import pytest

CODE = "POST identity/logins/0190b1f0-0000-7000-8000-00000000000a/code"


async def test_logging_in_changes_the_session_id_and_goes_where_one_wanted(browser: Any) -> None:
    first = await browser.open("/invitations")
    await browser.open(first.headers["location"])
    before = browser.sid
    await browser.send("/log-in", {"email": "a@b.example", "password": "p", "next": "/invitations"})
    answer = await browser.send("/log-in/code", {"code": "123 456"})
    assert answer.headers["location"] == "/invitations"
    assert browser.sid != before
    assert (await browser.open("/")).status_code == 200


@pytest.mark.parametrize(
    "target", ["//evil.test", "https://evil.test", "/\\evil.test", "/nothing", ""]
)
async def test_nobody_is_sent_to_another_site_after_log_in(browser: Any, target: str) -> None:
    await browser.open("/log-in")
    await browser.send("/log-in", {"email": "a@b.example", "password": "p", "next": target})
    answer = await browser.send("/log-in/code", {"code": "123456"})
    assert answer.headers["location"] == "/"


async def test_a_wrong_password_tells_nothing_and_keeps_the_address(
    browser: Any, services: Any
) -> None:
    services.problem("POST identity/logins", 401, "unauthenticated")
    await browser.open("/log-in")
    answer = await browser.send("/log-in", {"email": "a@b.example", "password": "hunter2"})
    assert answer.status_code == 422
    assert "Email address or password not recognised" in answer.text
    assert "<title>Error: Log in" in answer.text
    assert 'value="a@b.example"' in answer.text
    assert "hunter2" not in answer.text


async def test_a_wrong_code_is_said_so_and_one_can_try_again(browser: Any, services: Any) -> None:
    await browser.open("/log-in")
    await browser.send("/log-in", {"email": "a@b.example", "password": "p"})
    services.problem(CODE, 401, "unauthenticated")
    answer = await browser.send("/log-in/code", {"code": "000000"})
    assert answer.status_code == 422
    assert "That code is not right or has expired" in answer.text
    assert (await browser.open("/")).status_code == 303


async def test_too_many_tries_say_how_long_to_wait(browser: Any, services: Any) -> None:
    services.problem("POST identity/logins", 429, "throttled", headers={"retry-after": "110"})
    await browser.open("/log-in")
    answer = await browser.send("/log-in", {"email": "a@b.example", "password": "p"})
    assert answer.status_code == 429
    assert "Wait 2 minutes" in answer.text


async def test_blank_fields_are_named(browser: Any, services: Any) -> None:
    await browser.open("/log-in")
    answer = await browser.send("/log-in", {"email": "", "password": ""})
    assert "Enter your email address" in answer.text
    assert "Enter your password" in answer.text
    assert services.count("POST identity/logins") == 0


async def test_the_persons_network_goes_to_the_identity_service(
    browser: Any, services: Any
) -> None:
    await browser.log_in()
    assert services.sent("POST identity/logins").headers["x-forwarded-for"] == "127.0.0.1"


async def test_logging_out_ends_the_session_everywhere(person: Any, services: Any) -> None:
    sid = person.sid
    answer = await person.send("/log-out")
    assert answer.headers["clear-site-data"] == '"cache", "storage"'
    assert "Max-Age=0" in answer.headers["set-cookie"]
    ended = json.loads(services.sent("POST identity/sessions/end").content)
    assert ended["session_secret"] == "s3cret"
    person.client.cookies.set("__Host-sid", sid, domain="epep.test")
    assert (await person.open("/")).status_code == 303


async def test_logging_out_works_without_the_identity_service(person: Any, services: Any) -> None:
    services.fail("POST identity/sessions/end")
    assert (await person.send("/log-out")).headers["location"] == "/logged-out"


async def test_the_token_is_renewed_before_it_runs_out(
    person: Any, services: Any, clock: Any
) -> None:
    clock.now += timedelta(minutes=9, seconds=45)
    assert (await person.open("/messages")).status_code == 200
    asked = services.sent("GET notification/messages")
    assert asked.headers["authorization"] == "Bearer n.e.w"


async def test_a_role_given_since_the_log_in_is_there_with_the_next_token(
    browser: Any, services: Any, clock: Any, canned: Any
) -> None:
    account = canned["logged_in"]["account"]
    given = {"authority": "330", "role": "auditor", "setting_urn": None}
    account["grants"] = [{"authority": "330", "role": "iro", "setting_urn": None}]
    await browser.log_in()
    assert "Live board" not in (await browser.open("/messages")).text
    fresh = {"access_token": "n.e.w", "access_expires_at": "2027-01-01T00:00:00Z"}
    services.set("POST identity/tokens", fresh | {"account": account | {"grants": [given]}})
    clock.now += timedelta(minutes=10)
    await browser.open("/messages")
    assert "Live board" in (await browser.open("/messages")).text


async def test_a_token_that_is_refused_is_renewed_once(person: Any, services: Any) -> None:
    services.problem("GET notification/messages", 401, "unauthenticated")
    answer = await person.open("/messages")
    assert answer.status_code == 500
    assert services.count("GET notification/messages") == 2
    assert services.count("POST identity/tokens") == 1


async def test_a_session_ended_elsewhere_asks_to_log_in(
    person: Any, services: Any, clock: Any
) -> None:
    clock.now += timedelta(minutes=11)
    services.problem("POST identity/tokens", 401, "unauthenticated")
    answer = await person.open("/")
    assert answer.status_code == 303
    assert answer.headers["location"] == "/log-in?next=/&ended=1"


async def test_an_idle_session_ends_after_half_an_hour(person: Any, clock: Any) -> None:
    clock.now += timedelta(minutes=31)
    answer = await person.open("/invitations")
    assert answer.headers["location"] == "/log-in?next=/invitations&ended=1"


async def test_activity_keeps_the_session(person: Any, clock: Any) -> None:
    for _ in range(4):
        clock.now += timedelta(minutes=20)
        answer = await person.send("/session/stay")
        assert answer.status_code == 204
