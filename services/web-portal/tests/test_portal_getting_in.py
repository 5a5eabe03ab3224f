"""The way in: mailed links, forgotten password, declarations and second factors."""

import json
from datetime import timedelta
from typing import Any

import pytest

LOGIN = "0190b1f0-0000-7000-8000-00000000000a"
LINK = {
    "kind": "registration",
    "name": "Amara Lindqvist",
    "email": "a…@school.example",
    "needs_password": True,
    "min_length": 12,
    "authority": {"code": "330", "name": "Birmingham"},
}
WITH_PASSWORD = {
    "/register/confirm/t0ken": ("/registrations/confirm", {"state": "waiting", "email": "a@b.c"}),
    "/forgotten-password/t0ken": ("/forgotten-password/confirm", {"email": "a@b.c"}),
    "/welcome/t0ken": ("/forgotten-password/confirm", {"email": "a@b.c"}),
}


def body(services: Any, call: str) -> Any:
    return json.loads(services.sent(call).content)


@pytest.mark.parametrize("path", WITH_PASSWORD)
async def test_opening_a_link_changes_nothing_and_its_button_saves_the_password(
    browser: Any, services: Any, path: str
) -> None:
    route, answer = WITH_PASSWORD[path]
    services.set("POST identity/links", LINK)
    services.set(f"POST identity{route}", answer)
    page = await browser.open(path)
    assert page.status_code == 200
    assert services.count(f"POST identity{route}") == 0
    blank = await browser.send(path, {"password": ""})
    assert (blank.status_code, services.count(f"POST identity{route}")) == (422, 0)
    assert "Enter a password" in blank.text
    saved = await browser.send(path, {"password": "tall orchard window"})
    assert (saved.status_code, saved.headers["location"]) == (303, "/log-in")
    sent = body(services, f"POST identity{route}")
    assert sent == {"token": "t0ken", "password": "tall orchard window"}


async def test_a_password_that_is_refused_is_asked_for_again(browser: Any, services: Any) -> None:
    services.set("POST identity/links", LINK)
    error = {"field": "password", "message": "Too easy to guess.", "code": "guessable"}
    services.problem("POST identity/registrations/confirm", 422, errors=[error])
    await browser.open("/register/confirm/t0ken")
    page = await browser.send("/register/confirm/t0ken", {"password": "password1234"})
    assert page.status_code == 422
    assert "Too easy to guess" in page.text
    assert "password1234" not in page.text


@pytest.mark.parametrize("path", ["/register/confirm/x", "/not-me/x", "/account/email/confirm/x"])
async def test_a_dead_link_says_what_to_do(browser: Any, path: str) -> None:
    page = await browser.open(path)
    assert page.status_code == 404
    assert "does not work any more" in page.text


async def test_this_is_not_me(browser: Any, services: Any) -> None:
    services.set("POST identity/links", LINK | {"kind": "not_me", "needs_password": False})
    services.set("POST identity/logins/not-me", {})
    await browser.open("/not-me/t0ken")
    assert services.count("POST identity/logins/not-me") == 0
    assert "It is stopped" in (await browser.send("/not-me/t0ken")).text


@pytest.mark.parametrize(
    ("path", "form"),
    [
        ("/forgotten-password", {"email": "a@school.example"}),
        ("/forgotten-email", {"name": "Amara", "setting": "103456", "phone": "01632 960001"}),
    ],
)
async def test_what_is_forgotten_is_answered_by_mail_alone(
    browser: Any, services: Any, path: str, form: dict[str, str]
) -> None:
    services.set(f"POST identity{path}", {"message": "…"}, 202)
    await browser.open(path)
    assert (await browser.send(path, dict.fromkeys(form, ""))).status_code == 422
    answer = await browser.send(path, form)
    assert answer.headers["location"] == "/forgotten/sent"
    assert body(services, f"POST identity{path}") == form


@pytest.mark.parametrize(
    ("step", "path", "route"),
    [
        ("code", "/log-in/code", "code"),
        ("totp", "/log-in/app", "totp"),
        ("totp", "/log-in/recovery-code", "recovery-code"),
    ],
)
async def test_each_code_opens_the_session_and_names_the_device(
    browser: Any,
    services: Any,
    canned: Any,
    login_started: Any,
    step: str,
    path: str,
    route: str,
) -> None:
    services.set("POST identity/logins", login_started(step), 202)
    await browser.open("/log-in")
    await browser.send("/log-in", {"email": "a@school.example", "password": "p"})
    assert (await browser.open(path)).status_code == 200
    call = f"POST identity/logins/{LOGIN}/{route}"
    services.problem(call, 401, "unauthenticated")
    wrong = await browser.send(path, {"code": "000 000"})
    assert (wrong.status_code, body(services, call)["code"]) == (422, "000000")
    assert "That code is not right or has expired" in wrong.text
    services.set(call, canned["logged_in"])
    before = browser.sid
    answer = await browser.send(path, {"code": "123456"})
    assert answer.status_code == 303
    assert browser.sid != before
    assert "__Host-device=known-again" in ",".join(answer.headers.get_list("set-cookie"))


async def test_every_declaration_is_ticked_by_itself(
    browser: Any, services: Any, login_started: Any
) -> None:
    declarations = [{"key": k, "title": k, "text": "…"} for k in ("terms", "cookies")]
    asked = {"authority": {"code": "330", "name": "Birmingham"}, "version": 3}
    first = login_started("declarations", declarations=[asked | {"declarations": declarations}])
    services.set("POST identity/logins", first, 202)
    call = f"POST identity/logins/{LOGIN}/declarations"
    services.set(call, login_started("code"), 202)
    await browser.open("/log-in")
    answer = await browser.send("/log-in", {"email": "a@school.example", "password": "p"})
    assert answer.headers["location"] == "/log-in/declarations"
    page = await browser.open("/log-in/declarations")
    assert " checked" not in page.text
    missing = await browser.send("/log-in/declarations", {"330-terms": "yes"})
    assert missing.status_code == 422
    assert "Tick “cookies”" in missing.text
    both = {"330-terms": "yes", "330-cookies": "yes"}
    answer = await browser.send("/log-in/declarations", both)
    assert answer.headers["location"] == "/log-in/code"
    accepted = {"authority": "330", "version": 3, "keys": ["terms", "cookies"]}
    assert body(services, call) == {"accepted": [accepted]}


async def test_staying_is_told_to_identity_whose_half_hour_runs_too(
    person: Any, services: Any, clock: Any, canned: Any
) -> None:
    services.set("GET identity/me", canned["logged_in"]["account"])
    clock.now += timedelta(minutes=25)  # the access token has run out meanwhile
    answer = await person.send("/session/stay")
    assert (answer.status_code, services.count("POST identity/tokens")) == (204, 1)


async def test_who_was_logged_out_elsewhere_cannot_stay(
    person: Any, services: Any, clock: Any
) -> None:
    clock.now += timedelta(minutes=25)
    services.problem("POST identity/tokens", 401, "unauthenticated")
    assert (await person.send("/session/stay")).status_code == 401


AUTHORITY: dict[str, Any] = {
    "virtual_school_name": "The Virtual School",
    "contact_phone": "01632 960 000",
}


async def test_help_names_every_virtual_school_ones_own_first(person: Any, services: Any) -> None:
    known = [("998", "Northvale"), ("330", "Birmingham")]
    services.set(
        "GET identity/registration-options",
        {
            "authorities": [
                AUTHORITY | {"code": code, "name": name, "contact_email": f"vs@{name}.example"}
                for code, name in known
            ]
        },
    )
    text = (await person.open("/help")).text
    assert 0 < text.index("mailto:vs@Birmingham") < text.index("mailto:vs@Northvale")


async def test_help_opens_while_identity_is_away(browser: Any, services: Any) -> None:
    services.fail("GET identity/registration-options")
    page = await browser.open("/help")
    assert (page.status_code, "cannot show the addresses" in page.text) == (200, True)


async def test_asking_for_another_role_keeps_what_was_typed(person: Any, services: Any) -> None:
    option = AUTHORITY | {"code": "998", "name": "Northvale", "roles": []}
    option |= {"roles": [{"value": "social_worker", "label": "Social Worker"}]}
    services.set("GET identity/registration-options", {"authorities": [option]})
    detail = "You have asked for that already. It waits for an answer."
    services.problem("POST identity/me/registrations", 409, "refused", detail=detail)
    form = {"authority": "998", "role": "social_worker", "setting_urn": "", "team": "Team North"}
    again = await person.send("/account/access", form)
    assert again.status_code == 422
    assert "asked for that already" in again.text
    assert "Team North" in again.text
    services.set("POST identity/me/registrations", {"registration_id": "r", "version": 1}, 201)
    done = await person.send("/account/access", form)
    assert done.headers["location"] == "/account"
    first = services.sent("POST identity/me/registrations").headers["idempotency-key"]
    await person.send("/account/access", form)  # the button, pressed twice
    second = services.sent("POST identity/me/registrations").headers["idempotency-key"]
    assert first == second
    asked = body(services, "POST identity/me/registrations")
    assert asked == {k: v or None for k, v in form.items()}
