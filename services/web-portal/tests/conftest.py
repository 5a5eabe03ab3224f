"""The portal with services that answer canned JSON, and a browser that keeps its cookie."""

import copy
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from jinja2 import Environment

from web_portal.main import create_app
from web_portal.services import Services
from web_portal.web.hosts import hosts_of
from web_portal.web.keys import Keys
from web_portal.web.portal import Portal
from web_portal.web.rendering import environment
from web_portal.web.sessions import FormPairs, Session

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
CANNED = json.loads((Path(__file__).parent / "canned.json").read_text())
FRONT_DOOR = json.loads((Path(__file__).parent / "canned_front_door.json").read_text())
SERVICES = ("pep", "meeting", "notification", "qa", "identity")
Handler = Callable[[httpx.Request], httpx.Response]


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


class MemorySessions:
    """Sessions for tests of pages; the PostgreSQL store has tests of its own."""

    def __init__(self, idle: timedelta) -> None:
        self.rows: dict[str, Session] = {}
        self.drafts: dict[tuple[str, str], FormPairs] = {}
        self.idle = idle

    async def load(self, sid: str, now: datetime) -> Session | None:
        row = self.rows.get(sid)
        if row is None:
            return None
        if now - row.last_seen_at >= self.idle:
            blank = Session.blank(now)
            blank.expired_account = row.account_id
            return blank
        return Session(sid, row.created_at, row.last_seen_at, copy.deepcopy(row.data))

    async def save(self, session: Session) -> None:
        self.rows.pop(session.replaced_sid or "", None)
        if session.ended:
            self.rows.pop(session.sid, None)
        else:
            self.rows[session.sid] = copy.deepcopy(session)

    async def keep_draft(self, account_id: str, path: str, pairs: FormPairs, now: datetime) -> None:
        self.drafts[account_id, path] = pairs

    async def draft(self, account_id: str, path: str) -> FormPairs | None:
        return self.drafts.get((account_id, path))

    async def drop_draft(self, account_id: str, path: str) -> None:
        self.drafts.pop((account_id, path), None)

    async def tidy(self, now: datetime) -> None:
        return None

    async def ready(self) -> bool:
        return True


@dataclass
class CannedServices:
    """Answers by "METHOD service/path"; `asked` are the requests that came."""

    answers: dict[str, httpx.Response | Handler] = field(default_factory=dict)
    asked: list[httpx.Request] = field(default_factory=list)

    def set(self, call: str, body: Any = None, status: int = 200, **headers: str) -> None:
        kind = "application/problem+json" if status >= 400 else "application/json"
        self.answers[call] = lambda _: httpx.Response(
            status, json=body, headers={"content-type": kind, **headers}
        )

    def problem(self, call: str, status: int, slug: str = "invalid", **more: Any) -> None:
        headers = more.pop("headers", {})
        body = {"type": f"urn:epep:problem:{slug}", "title": slug, "status": status, **more}
        self.set(call, body, status, **headers)

    def fail(self, call: str) -> None:
        def down(request: httpx.Request) -> httpx.Response:
            raise httpx.ConnectError("refused", request=request)

        self.answers[call] = down

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        call = f"{request.method} {request.url.host}{request.url.path}"
        found = self.answers.get(call)
        if found is None:
            return httpx.Response(404, json={"type": "urn:epep:problem:not-found", "status": 404})
        return found(request) if callable(found) else found

    def sent(self, call: str) -> httpx.Request:
        """The newest request of that kind."""
        for request in reversed(self.asked):
            if f"{request.method} {request.url.host}{request.url.path}" == call:
                return request
        raise AssertionError(f"nobody asked for {call}")

    def count(self, call: str) -> int:
        return sum(f"{r.method} {r.url.host}{r.url.path}" == call for r in self.asked)


class Browser:
    """A person's browser: keeps the cookie, sends forms with the page's own token."""

    def __init__(self, client: httpx.AsyncClient, keys: Keys) -> None:
        self.client, self.keys = client, keys

    @property
    def sid(self) -> str | None:
        return self.client.cookies.get("__Host-sid")

    async def open(self, path: str) -> httpx.Response:
        return await self.client.get(path, headers={"sec-fetch-site": "same-origin"})

    async def send(self, path: str, form: dict[str, Any] | None = None, **more: Any) -> Any:
        token = self.keys.form_token(self.sid or "")
        data = {"csrf_token": token, "request_key": "k1", **(form or {})}
        headers = {"sec-fetch-site": "same-origin", **more.pop("headers", {})}
        return await self.client.post(path, data=data, headers=headers, **more)

    async def log_in(self) -> None:
        await self.open("/log-in")
        await self.send("/log-in", {"email": "priya.shah@ladywood.example", "password": "p"})
        answer = await self.send("/log-in/code", {"code": "123456"})
        assert answer.status_code == 303, answer.text


def text_of(html: str) -> str:
    """The words of a page, without tags, each gap one space."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html)).strip()


def started(step: str, **more: Any) -> dict[str, Any]:
    """What identity says of a log-in that has begun."""
    factors = {"totp": ["totp", "passkey", "recovery_code"]}.get(step, [step])
    return {
        "login_id": "0190b1f0-0000-7000-8000-00000000000a",
        "next": step,
        "factors": factors,
        "declarations": [],
        "may_remember_days": 0,
        **more,
    }


def standard_answers(services: CannedServices, canned: dict[str, Any]) -> None:
    services.set("GET pep/home/choices", {"settings": []})
    child, pep = canned["ids"]["child"], canned["ids"]["pep"]
    services.set("POST identity/logins", started("code"), 202)
    code = "POST identity/logins/0190b1f0-0000-7000-8000-00000000000a/code"
    services.set(code, canned["logged_in"])
    services.set(
        "POST identity/tokens",
        {"access_token": "n.e.w", "access_expires_at": "2027-01-01T00:00:00Z"},
    )
    services.set("POST identity/sessions/end", None, 204)
    services.set("GET pep/home", canned["home"])
    services.set(f"GET pep/children/{child}", canned["child"])
    services.set(f"GET pep/children/{child}/change-log", canned["change_log"])
    services.set(f"GET pep/children/{child}/pep-form", canned["pep_form"])
    services.set(f"POST pep/children/{child}/peps", {"pep_id": pep, "version": 1}, 201)
    services.set(f"GET pep/peps/{pep}", canned["pep"], etag='"7"')
    for key, page in canned["pages"].items():
        services.set(f"GET pep/peps/{pep}/pages/{key}", page, etag='"7"')
        services.set(
            f"PUT pep/peps/{pep}/pages/{key}",
            {"version": 8, "changed": 1, "missing": [], "reopened": False},
        )
    services.set(f"GET pep/peps/{pep}/targets", canned["targets"])
    services.set(f"GET pep/peps/{pep}/sign-off", canned["sign_off"])
    services.set(f"GET meeting/peps/{pep}/meeting", canned["meeting"], etag='"5"')
    services.set("GET meeting/invitations", canned["invitations"])
    services.set(f"GET qa/peps/{pep}/review", canned["review"])
    services.set("GET qa/reviews", canned["reviews"])
    services.set("GET notification/messages", canned["messages"])
    services.set("GET notification/messages/unread", {"unread": canned["messages"]["unread"]})
    services.set("GET pep/profiles", canned["profiles"])
    services.set(f"GET pep/imports/{canned['import']['import_id']}", canned["import"])


@pytest.fixture
def canned() -> dict[str, Any]:
    return copy.deepcopy(CANNED)


def addresses(ids: dict[str, str], imported: str) -> list[str]:
    pep, child = f"/peps/{ids['pep']}", f"/children/{ids['child']}"
    return [
        "/",
        child,
        f"{child}/peps/new",
        pep,
        f"{pep}/pages/care_information",
        f"{pep}/pages/background",
        f"{pep}/pages/health",
        f"{pep}/targets",
        f"{pep}/targets/new",
        f"{pep}/targets/0190b1f0-0000-7000-8000-0000000000f1",
        f"{pep}/targets/0190b1f0-0000-7000-8000-0000000000f1/withdrawal",
        f"{pep}/meeting",
        f"{pep}/meeting/record",
        f"{pep}/meeting/reschedule",
        f"{pep}/meeting/cancellation",
        f"{pep}/meeting/invitations",
        f"{pep}/meeting/invitations/0190b1f0-0000-7000-8000-0000000000b3/again",
        f"{pep}/meeting/invitations/0190b1f0-0000-7000-8000-0000000000b4/again",
        f"{pep}/meeting/next",
        f"{pep}/meeting/confirmation",
        f"{pep}/sign-off",
        f"{pep}/submission",
        f"{pep}/quality",
        f"{pep}/quality/publication",
        "/quality",
        "/invitations",
        "/invitations/0190b1f0-0000-7000-8000-0000000000b1",
        "/messages",
        "/imports",
        f"/imports/{imported}",
        "/help",
        "/cookies",
        "/terms",
        "/privacy",
        "/accessibility",
        "/logged-out",
    ]


@pytest.fixture
def every_page(canned: dict[str, Any]) -> list[str]:
    """The addresses of all pages for which there are canned answers; those at the end need none."""
    return addresses(canned["ids"], canned["import"]["import_id"])


@dataclass
class FrontDoor:
    """The pages of My account, administration and a child's access list.

    `sent` are forms by address, each with what comes back; `nothing_yet` the empty lists' answers.
    """

    answers: dict[str, Any]
    nothing_yet: dict[str, Any]
    pages: list[str]
    sent: dict[str, tuple[dict[str, str], int]]

    def said(self) -> list[Any]:
        """What the services say on these pages."""
        return [self.answers, self.nothing_yet]


@pytest.fixture
def front_door(services: CannedServices, canned: dict[str, Any]) -> FrontDoor:
    """Somebody who is everything at once, and services that answer all these pages need."""
    found = FrontDoor(**copy.deepcopy(FRONT_DOOR))
    grants = canned["logged_in"]["account"]["grants"]
    grants.append({"authority": "330", "role": "social_worker", "setting_urn": None})
    for call, body in found.answers.items():
        services.set(call, body, etag='"2"')
    return found


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def services(canned: dict[str, Any]) -> CannedServices:
    made = CannedServices()
    standard_answers(made, canned)
    return made


@pytest.fixture
def login_started() -> Callable[..., dict[str, Any]]:
    """How identity answers the beginning of a log-in, by the step that is next."""
    return started


@pytest.fixture(scope="session")
def templates() -> Environment:
    return environment()


@pytest.fixture
def portal(services: CannedServices, clock: Clock, templates: Environment) -> Portal:
    http = httpx.AsyncClient(transport=httpx.MockTransport(services))
    addresses = {name: f"http://{name}" for name in SERVICES}
    idle = timedelta(minutes=30)
    return Portal(
        keys=Keys(bytes(range(32))),
        store=MemorySessions(idle),
        services=Services(http, addresses, clock),
        templates=templates,
        clock=clock,
        idle=idle,
        hosts=hosts_of("https://epep.test"),
    )


@pytest.fixture
def browser(portal: Portal) -> Browser:
    transport = httpx.ASGITransport(create_app(portal), raise_app_exceptions=False)
    client = httpx.AsyncClient(transport=transport, base_url="https://epep.test")
    return Browser(client, portal.keys)


@pytest.fixture
async def person(browser: Browser) -> Browser:
    """A browser with somebody logged in."""
    await browser.log_in()
    return browser
