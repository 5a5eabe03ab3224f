import base64
import hashlib
import re
from typing import Any

import httpx
import pytest
from opentelemetry.util.http import parse_excluded_urls

from web_portal.main import NOT_TRACED, ROUTES
from web_portal.web.keys import Keys, is_sid, new_sid


async def test_every_answer_has_the_headers(browser: Any) -> None:
    for path in ("/log-in", "/nothing", "/static/own/epep.css", "/livez"):
        answer = await browser.open(path)
        headers = answer.headers
        policy = headers["content-security-policy"]
        assert policy.startswith("default-src 'none'; script-src 'self' 'sha256-")
        assert "unsafe" not in policy
        for part in ("frame-ancestors 'none'", "base-uri 'none'", "form-action 'self'"):
            assert part in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "same-origin"
        assert "max-age=31536000" in headers["strict-transport-security"]
        assert headers["x-frame-options"] == "DENY"
        stored = "public, max-age=3600" if path.startswith("/static") else "no-store"
        assert headers["cache-control"] == stored


async def test_the_policy_allows_exactly_the_inline_script(browser: Any) -> None:
    answer = await browser.open("/log-in")
    inline = re.findall(r"<script>(.*?)</script>", answer.text, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(inline[0].encode()).digest()).decode()
    assert len(inline) == 1
    assert f"'sha256-{digest}'" in answer.headers["content-security-policy"]


async def test_documentation_is_not_exposed(browser: Any) -> None:
    for path in ("/docs", "/openapi.json", "/redoc"):
        assert (await browser.open(path)).status_code == 404


@pytest.mark.parametrize("path", ["/log-in", "/log-out", "/search", "/drafts/discard"])
async def test_a_form_of_another_site_is_refused(person: Any, services: Any, path: str) -> None:
    before = len(services.asked)
    for headers in (
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"sec-fetch-site": "same-origin", "x-csrf-token": "wrong"},
    ):
        answer = await person.send(path, {"email": "a@b.example", "password": "x"}, headers=headers)
        assert answer.status_code == 403, headers
        assert "Nothing was changed" in answer.text
    assert len(services.asked) == before


async def test_without_fetch_metadata_the_origin_decides(person: Any) -> None:
    token = person.keys.form_token(person.sid)
    data = {"csrf_token": token, "q": "maya"}
    wrong = await person.client.post("/search", data=data, headers={"origin": "https://evil.test"})
    none = await person.client.post("/search", data=data)
    right = await person.client.post("/search", data=data, headers={"origin": "https://epep.test"})
    assert (wrong.status_code, none.status_code, right.status_code) == (403, 403, 303)


async def test_a_token_of_another_session_is_refused(person: Any) -> None:
    data = {"csrf_token": person.keys.form_token(new_sid()), "q": "maya"}
    headers = {"sec-fetch-site": "same-origin"}
    assert (await person.client.post("/search", data=data, headers=headers)).status_code == 403


async def test_the_cookie_is_host_only_secure_and_hidden(browser: Any) -> None:
    answer = await browser.open("/log-in")
    cookie = answer.headers["set-cookie"]
    assert re.fullmatch(
        r"__Host-sid=[A-Za-z0-9_-]{43}; Path=/; Secure; HttpOnly; SameSite=Lax", cookie
    )


async def test_a_body_that_is_too_large_is_refused(person: Any) -> None:
    answer = await person.send("/search", {"q": "x" * 1_100_000})
    assert answer.status_code == 413
    assert "too large" in answer.text


async def test_an_unforeseen_error_is_a_page_with_headers(person: Any, services: Any) -> None:
    services.set("GET pep/home/choices", {"unexpected": "shape"})
    answer = await person.open("/")
    assert answer.status_code == 500
    assert "Sorry, there is a problem" in answer.text
    assert "content-security-policy" in answer.headers


def test_what_is_sealed_opens_only_in_its_place_and_with_its_key() -> None:
    keys = Keys(bytes(32))
    sealed = keys.seal({"token": "secret"}, "session a")
    assert b"secret" not in sealed
    assert keys.unseal(sealed, "session a") == {"token": "secret"}
    assert keys.unseal(sealed, "session b") is None
    assert keys.unseal(sealed[:-1] + b"x", "session a") is None
    assert Keys(bytes([1] * 32)).unseal(sealed, "session a") is None
    assert keys.seal({}, "x") != keys.seal({}, "x")


def test_no_mailed_secret_gets_into_a_trace() -> None:
    untold = parse_excluded_urls(NOT_TRACED)
    paths = {getattr(route, "path", "") for router in ROUTES for route in router.routes}
    secret = {path for path in paths if "{token}" in path}
    assert len(secret) >= 6
    assert [each for each in secret if not untold.url_disabled(f"https://epep.test{each}")] == []
    for told in ("/forgotten-password", "/register", "/account/email", "/invitations"):
        assert not untold.url_disabled(f"https://epep.test{told}")


async def test_a_browser_may_call_itself_what_it_likes(browser: Any, services: Any) -> None:
    token = browser.keys.form_token(((await browser.open("/log-in")) and browser.sid) or "")
    headers = {"sec-fetch-site": "same-origin", "user-agent": b"Bj\xf6rns Firefox/145.0"}
    form = {"csrf_token": token, "email": "priya.shah@ladywood.example", "password": "p"}
    answer = await browser.client.post("/log-in", data=form, headers=headers)
    assert answer.headers["location"] == "/log-in/code"
    assert services.sent("POST identity/logins").headers["user-agent"] == "Bj?rns Firefox/145.0"


def test_session_ids_have_256_bits() -> None:
    assert is_sid(new_sid())
    assert not is_sid("short")
    assert len({new_sid() for _ in range(100)}) == 100


async def test_user_text_is_escaped(person: Any, services: Any, canned: Any) -> None:
    canned["home"]["children"][0]["name"] = "<script>alert(1)</script>"
    services.answers["GET pep/home"] = lambda _: httpx.Response(200, json=canned["home"])
    answer = await person.open("/")
    assert "<script>alert" not in answer.text
    assert "&lt;script&gt;" in answer.text
