"""Attacks on the portal: each is one test, on every page that there is where it can be."""

import re
from typing import Any
from urllib.parse import quote, urljoin, urlsplit

import httpx
import pytest
from fastapi.routing import APIRoute

from web_portal.main import create_app
from web_portal.web.hosts import hosts_of
from web_portal.web.keys import new_sid

READ_BY_POST = {"identity/links", "meeting/invitation-links", "identity/tokens"}
"""What a page may ask with POST, for a secret in an address would be written into logs."""
FORMS_OF_NOBODY = {"/log-in", "/register", "/forgotten-password", "/forgotten-email"}
OTHER = "0190b1f0-0000-7000-8000-0000000000ff"


def every_route(portal: Any, method: str, ids: dict[str, str]) -> list[str]:
    """Return the address of every route with a method, with canned ids in it."""
    known = {"child_id": ids["child"], "pep_id": ids["pep"], "page": "health", "token": "t0ken"}
    found, left = [], list(create_app(portal).routes)
    while left:
        route: Any = left.pop(0)
        if included := getattr(route, "original_router", None):
            left += included.routes
        if isinstance(route, APIRoute) and method in (route.methods or ()):
            path = re.sub(r":\w+}", "}", route.path)
            names = re.findall(r"{(\w+)}", path)
            values = {name: known.get(name, OTHER) for name in names}
            found.append(path.format(**values))
    return found


def changes(services: Any) -> list[str]:
    """Return what was asked of services that may have changed something."""
    return [
        f"{each.method} {each.url.host}{each.url.path}"
        for each in services.asked
        if each.method != "GET" and f"{each.url.host}{each.url.path}" not in READ_BY_POST
    ]


async def test_csrf_no_form_of_any_page_is_taken_without_its_token(
    person: Any, portal: Any, services: Any, canned: Any
) -> None:
    addresses = every_route(portal, "POST", canned["ids"])
    assert len(addresses) > 60
    assert set(addresses) >= FORMS_OF_NOBODY | {"/log-out"}
    services.asked.clear()
    for path in addresses:
        ours = {"sec-fetch-site": "same-origin"}
        theirs = {"sec-fetch-site": "cross-site", "origin": "https://evil.test"}
        bare = await person.client.post(path, data={"email": "a@b.example"}, headers=ours)
        right = {"csrf_token": portal.keys.form_token(person.sid)}
        foreign = await person.client.post(path, data=right, headers=theirs)
        assert (bare.status_code, foreign.status_code) == (403, 403), path
    assert services.asked == []


async def test_csrf_log_in_nobody_is_logged_in_as_somebody_else_by_another_site(
    browser: Any, services: Any
) -> None:
    await browser.open("/log-in")
    form = {"email": "mallory@evil.test", "password": "p"}
    headers = {"sec-fetch-site": "cross-site"}
    answer = await browser.send("/log-in", form, headers=headers)
    assert answer.status_code == 403
    assert services.asked == []
    fresh = httpx.AsyncClient(transport=browser.client._transport, base_url="https://epep.test")
    without_cookie = await fresh.post("/log-in", data=form, headers={"sec-fetch-site": "none"})
    assert without_cookie.status_code == 403
    assert services.asked == []


async def test_scanner_opening_every_address_changes_nothing(
    person: Any, portal: Any, services: Any, canned: Any
) -> None:
    addresses = every_route(portal, "GET", canned["ids"])
    assert len(addresses) > 60
    services.asked.clear()
    for path in addresses:
        if path.startswith("/board/stream"):
            continue
        for method in ("GET", "HEAD"):
            answer = await person.client.request(method, path)
            assert answer.status_code < 600, path
    assert changes(services) == []
    assert (await person.open("/")).status_code == 200


async def test_clickjacking_no_answer_can_be_framed(person: Any, portal: Any, canned: Any) -> None:
    for path in [*every_route(portal, "GET", canned["ids"]), "/nothing/there"]:
        if path.startswith("/board/stream"):
            continue
        headers = (await person.open(path)).headers
        assert headers["x-frame-options"] == "DENY", path
        assert "frame-ancestors 'none'" in headers["content-security-policy"], path


async def test_fixation_a_planted_session_id_is_worth_nothing_after_log_in(browser: Any) -> None:
    planted = new_sid()
    browser.client.cookies.set("__Host-sid", planted, domain="epep.test")
    await browser.log_in()
    own = next(each.value for each in browser.client.cookies.jar if each.value != planted)
    thief = httpx.AsyncClient(transport=browser.client._transport, base_url="https://epep.test")
    for sid, status in ((planted, 303), (own, 200)):
        answer = await thief.get("/", headers={"cookie": f"__Host-sid={sid}"})
        assert answer.status_code == status


async def test_stolen_cookie_is_worth_nothing_after_log_out(
    person: Any, portal: Any, canned: Any
) -> None:
    stolen = person.sid
    await person.send("/log-out")
    thief = httpx.AsyncClient(transport=person.client._transport, base_url="https://epep.test")
    for path in ("/", f"/children/{canned['ids']['child']}", "/account"):
        answer = await thief.get(path, headers={"cookie": f"__Host-sid={stolen}"})
        assert answer.status_code == 303
        assert answer.headers["location"].startswith("/log-in")
    token = portal.keys.form_token(stolen)
    form = {"csrf_token": token, "q": "maya"}
    headers = {"cookie": f"__Host-sid={stolen}", "sec-fetch-site": "same-origin"}
    again = await thief.post("/search", data=form, headers=headers)
    assert again.headers["location"].startswith("/log-in")


ELSEWHERE = (
    "//evil.test",
    "https://evil.test",
    "/\\evil.test",
    "/\\/evil.test",
    "\t//evil.test",
    "/\t/evil.test",
    "/%2f/evil.test",
    "javascript:alert(1)",
    "/log-in@evil.test",
    "/.evil.test",
    "/nothing",
)


@pytest.mark.parametrize("target", ELSEWHERE)
async def test_open_redirect_no_way_in_leads_to_another_site(
    browser: Any, services: Any, target: str
) -> None:
    await browser.open(f"/log-in?next={quote(target)}")
    await browser.send("/log-in", {"email": "a@b.example", "password": "p", "next": target})
    entered = await browser.send("/log-in/code", {"code": "123456"})
    assert entered.headers["location"] == "/"
    services.set("POST identity/me/reauthentication", {"reauthenticated_until": None})
    confirmed = await browser.send("/account/confirm", {"password": "p", "next": target})
    assert (confirmed.status_code, confirmed.headers["location"]) == (303, "/")


async def test_open_redirect_no_address_makes_the_portal_send_people_away(person: Any) -> None:
    for path in ("//evil.test", "//evil.test/", "/log-in//evil.test", "/help/", "//evil.test/%2e."):
        answer = await person.client.get(f"https://epep.test{path}")
        target = urljoin("https://epep.test/", answer.headers.get("location", "/"))
        assert urlsplit(target).netloc == "epep.test", path


HOSTS = ("evil.test", "epep.test.evil.test", "epep.test:8443", "evil.test@epep.test", "")


@pytest.mark.parametrize("host", HOSTS)
async def test_host_header_of_another_site_is_refused_before_anything_is_done(
    browser: Any, services: Any, host: str
) -> None:
    await browser.open("/forgotten-password")
    form = {"email": "a@b.example"}
    for headers in ({"host": host}, {"host": host, "x-forwarded-host": "epep.test"}):
        answer = await browser.send("/forgotten-password", form, headers=headers)
        assert answer.status_code == 400
        assert "location" not in answer.headers
        assert "set-cookie" not in answer.headers
    assert services.asked == []


async def test_host_header_that_a_proxy_is_said_to_have_had_is_passed_over(
    browser: Any, services: Any
) -> None:
    services.set("POST identity/forgotten-password", {"message": "sent"}, 202)
    await browser.open("/forgotten-password")
    poisoned = {"x-forwarded-host": "evil.test", "forwarded": "host=evil.test"}
    await browser.send("/forgotten-password", {"email": "a@b.example"}, headers=poisoned)
    sent = services.sent("POST identity/forgotten-password")
    assert b"evil" not in sent.content
    assert "evil" not in str(sent.headers)


def test_the_hosts_are_those_of_the_settings() -> None:
    assert hosts_of("https://epep.example.org/") == {"epep.example.org"}
    assert hosts_of("http://localhost:8400") >= {"localhost:8400", "127.0.0.1:8400"}
    assert hosts_of("https://a.example", "b.example, c.example:8443") == {
        "a.example",
        "b.example",
        "c.example:8443",
    }
    with pytest.raises(ValueError, match="EPEP_PORTAL_URL"):
        hosts_of("epep.example.org")


async def test_probes_may_ask_by_the_address_of_the_machine(browser: Any) -> None:
    for path in ("/livez", "/readyz"):
        answer = await browser.client.get(path, headers={"host": "10.0.0.7:8000"})
        assert answer.status_code == 200


async def test_two_tabs_a_form_of_who_was_logged_in_before_is_not_sent_as_who_is_now(
    person: Any, portal: Any, services: Any, canned: Any
) -> None:
    """Tab one is Priya's; in tab two somebody else logs in on the same machine."""
    path = f"/peps/{canned['ids']['pep']}/pages/health"
    old = portal.keys.form_token(person.sid)
    canned["logged_in"]["account"] = {**canned["logged_in"]["account"], "id": OTHER}
    code = "POST identity/logins/0190b1f0-0000-7000-8000-00000000000a/code"
    services.set(code, canned["logged_in"])
    await person.log_in()
    services.asked.clear()
    answer = await person.send(path, {"csrf_token": old, "health-note": "of Priya"})
    assert answer.status_code == 403
    assert "Nothing was changed" in answer.text
    assert changes(services) == []


async def test_a_revoked_workers_open_page_saves_and_shows_nothing_more(
    person: Any, services: Any, canned: Any
) -> None:
    """The services answer 404 from the moment of the revocation; the page was open before."""
    ids, name = canned["ids"], canned["child"]["last_name"]
    page = f"/peps/{ids['pep']}/pages/health"
    assert name in (await person.open(f"/children/{ids['child']}")).text
    await person.open(page)
    for call in list(services.answers):
        if " pep/peps" in call or " pep/children" in call or " meeting/peps" in call:
            del services.answers[call]
    saved = await person.send(page, {"version": "7"})
    assert saved.status_code == 404
    for path in (page, f"/children/{ids['child']}", f"/peps/{ids['pep']}/meeting"):
        answer = await person.open(path)
        assert answer.status_code == 404, path
        assert name not in answer.text
        assert answer.headers["cache-control"] == "no-store"


async def test_a_suspended_workers_open_page_leads_to_the_log_in(
    person: Any, services: Any, canned: Any
) -> None:
    problem = {"type": "urn:epep:problem:unauthenticated", "title": "u", "status": 401}
    for call in list(services.answers):
        services.set(call, problem, 401)
    answer = await person.open(f"/children/{canned['ids']['child']}")
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/log-in")


async def test_enumeration_the_pages_say_the_same_whoever_is_asked_for(
    browser: Any, services: Any
) -> None:
    services.problem("POST identity/logins", 401, "unauthenticated")
    services.set("POST identity/forgotten-password", {"message": "m"}, 202)
    told = []
    for email in ("known@school.example", "nobody@school.example"):
        await browser.open("/log-in")
        wrong = await browser.send("/log-in", {"email": email, "password": "p"})
        sent = await browser.send("/forgotten-password", {"email": email})
        after = await browser.open(sent.headers.get("location", "/forgotten-password"))
        texts = [each.text.replace(email, "") for each in (wrong, after)]
        csrf = re.compile(r'name="csrf_token"[^>]*>')
        told.append([wrong.status_code, sent.status_code, *(csrf.sub("", t) for t in texts)])
    assert told[0] == told[1]


async def test_secrets_are_no_parts_of_addresses_that_the_portal_asks(
    person: Any, services: Any
) -> None:
    for path in ("/register/confirm/s3cr3t", "/not-me/s3cr3t", "/invitations/answer/s3cr3t"):
        await person.open(path)
    assert services.asked
    assert [str(each.url) for each in services.asked if "s3cr3t" in str(each.url)] == []
