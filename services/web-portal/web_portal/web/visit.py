"""One request of one person: what a route uses to read, change, show and redirect."""

import asyncio
import uuid
from datetime import datetime, timedelta
from typing import Annotated, Any

from fastapi import Depends, Request
from starlette.datastructures import FormData
from starlette.responses import HTMLResponse, RedirectResponse

from web_portal.problems import ServiceProblemError
from web_portal.services import Caller
from web_portal.web import csrf
from web_portal.web.forms import Form
from web_portal.web.portal import Portal
from web_portal.web.sessions import FormPairs, Session

SOON = timedelta(minutes=5)
WAITING_SECONDS = 30
LONGEST_SEARCH = 100
VIRTUAL_SCHOOL = frozenset({"virtual_school", "virtual_school_head"})
ON_DUTY = frozenset({"social_worker", "education_officer", "placement_officer"})
OVERSEERS = VIRTUAL_SCHOOL | {"auditor"}
NOT_KEPT = {csrf.FIELD, "request_key", "password", "current", "new", "code", "credential"}


class LogInNeededError(Exception):
    """Nobody is logged in (any more)."""


class Visit:
    """The request with its session, its calls to the services and its templates."""

    def __init__(self, request: Request) -> None:
        self.request = request
        self.portal: Portal = request.app.state.portal
        self.session: Session = request.state.session
        self.call: Caller = self.portal.services.caller(
            self.session,
            request.client.host if request.client else "",
            request.headers.get("user-agent", ""),
        )

    @property
    def path(self) -> str:
        """Return the request's path, under which a draft of its form is kept."""
        return self.request.url.path

    @property
    def authorities_as_virtual_school(self) -> list[str]:
        """Return the codes of the authorities whose virtual school the person works for."""
        return self.authorities_as(VIRTUAL_SCHOOL)

    def authorities_as(self, roles: frozenset[str]) -> list[str]:
        """Return the codes of the authorities in which the person has one of these roles."""
        grants = (self.session.account or {}).get("grants", [])
        return sorted({each["authority"] for each in grants if each["role"] in roles})

    async def form(self) -> FormData:
        """Return the form that was sent."""
        return await csrf.read_form(self.request)

    async def typed(self, name: str, longest: int) -> str:
        """Return the text of one control of the form, "" where there is none."""
        given = (await self.form()).get(name)
        return given.strip()[:longest] if isinstance(given, str) else ""

    async def remember_search(self, key: str) -> None:
        """Keep what was searched for in the session: a name stays out of addresses and logs."""
        self.session.put(key, await self.typed("q", LONGEST_SEARCH) or None)

    async def version(self) -> int | None:
        """Return the version at which the form was opened, from its hidden field."""
        found = (await self.form()).get("version")
        return int(found) if isinstance(found, str) and found.isdecimal() else None

    async def request_key(self) -> str | None:
        """Return the Idempotency-Key of this form's content.

        A second press of the button sends the same content and so the same key; a changed form
        sends another one.
        """
        form = await self.form()
        given = form.get("request_key")
        if not isinstance(given, str) or not given:
            return None
        content = "\x1f".join(f"{name}\x1e{value}" for name, value in pairs_of(form))
        return str(uuid.uuid5(uuid.NAMESPACE_URL, f"{given}\x1f{self.path}\x1f{content}"))

    async def draft(self) -> FormData | None:
        """Return what the person typed into this page's form before it could be saved."""
        if self.session.account_id is None:
            return None
        kept = await self.portal.store.draft(self.session.account_id, self.path)
        return FormData([*kept]) if kept else None

    async def keep_draft(self, account_id: str | None) -> bool:
        """Keep the sent form for its person; False where there is nobody or nothing to keep."""
        if account_id is None or self.request.method != "POST":
            return False
        pairs = pairs_of(await self.form())
        if not any(value for name, value in pairs if name != "version"):
            return False
        now = self.portal.clock()
        await self.portal.store.keep_draft(account_id, self.path, pairs, now)
        return True

    async def drop_draft(self) -> None:
        """Forget the draft of this page's form."""
        if self.session.account_id is not None:
            await self.portal.store.drop_draft(self.session.account_id, self.path)

    async def saved(
        self, path: str, notice: str | None = None, body: str = "", **more: Any
    ) -> RedirectResponse:
        """Answer a change that worked: forget the draft, tell it on the next page, go there.

        `more` may be `links` to what is still blank, and `neutral` where nothing was changed.
        """
        await self.drop_draft()
        return self.go(path, notice, body, **more)

    def go(
        self, path: str, notice: str | None = None, body: str = "", **more: Any
    ) -> RedirectResponse:
        """Redirect with 303, with a success banner on the next page if there is a notice."""
        if notice:
            self.session.put("notice", {"title": notice, "body": body, **more})
        return RedirectResponse(path, status_code=303)

    async def page(
        self, template: str, status: int = 200, *, quiet: bool = False, **context: Any
    ) -> HTMLResponse:
        """Render a page with what the layout needs; a `quiet` one calls no service for it."""
        waiting, unread = self._last_counts() if quiet else await self._counts()
        form = context.get("form")
        given = {
            "account": self.session.account,
            "virtual_school": bool(self.authorities_as_virtual_school),
            "overseer": bool(self.authorities_as(OVERSEERS)),
            "on_duty": bool(self.authorities_as(ON_DUTY)),
            "waiting": waiting,
            "unread": unread,
            "csrf_token": self.portal.keys.form_token(self.session.sid),
            "request_key": str(uuid.uuid4()),
            "path": self.path,
            "here": self._address(),
            "languages": list(self.portal.languages.values()),
            "idle_seconds": int(self.portal.idle.total_seconds()),
            "session_ends_at": self._soon_over(),
            "notice": self.session.take("notice"),
            "catching_up": self.call.catching_up,
            "error_items": form.summary if isinstance(form, Form) else [],
        }
        html = self.portal.templates.get_template(template).render(given | context)
        return HTMLResponse(html, status_code=status)

    def _soon_over(self) -> str | None:
        """Return when the session ends however busy its person is, where that is near.

        Sooner than a page can lie idle, and a little: whoever is at one when it ends was told.
        """
        ends_at = self.session.data.get("identity", {}).get("session_expires_at")
        if ends_at is None or self.session.account is None:
            return None
        left = datetime.fromisoformat(ends_at) - self.portal.clock()
        return str(ends_at) if left <= self.portal.idle + SOON else None

    def _address(self) -> str:
        """Return the request's path with its query: where to come back to."""
        query = self.request.url.query
        return f"{self.path}?{query}" if query else self.path

    def _last_counts(self) -> tuple[int, int]:
        known = self.session.data.get("waiting")
        return (int(known["count"]), int(known.get("unread", 0))) if known else (0, 0)

    async def _counts(self) -> tuple[int, int]:
        """Return how many invitations and messages wait for the person, asked twice a minute."""
        if self.session.account is None:
            return 0, 0
        now = self.portal.clock().timestamp()
        known = self.session.data.get("waiting")
        if known and now - known["at"] < WAITING_SECONDS:
            return self._last_counts()
        last_waiting, last_unread = self._last_counts()
        waiting, unread = await asyncio.gather(
            self._count("meeting", "/invitations", "waiting", last_waiting),
            self._count("notification", "/messages/unread", "unread", last_unread),
        )
        self.session.put("waiting", {"count": waiting, "unread": unread, "at": now})
        return waiting, unread

    async def _count(self, service: str, path: str, key: str, last: int) -> int:
        """Return a number from a service; the last one known while it does not answer."""
        try:
            return int((await self.call.get(service, path, seconds=2.0)).json[key])
        except ServiceProblemError:
            return last

    def recount_waiting(self) -> None:
        """Ask anew for the number of invitations and messages on the next page."""
        self.session.put("waiting", None)


def pairs_of(form: FormData) -> FormPairs:
    """Return the form's texts in order, without tokens and files."""
    return [(k, v) for k, v in form.multi_items() if isinstance(v, str) and k not in NOT_KEPT]


async def anyone(request: Request) -> Visit:
    """Return the visit of whoever it is."""
    return Visit(request)


async def signed_in(request: Request) -> Visit:
    """Return the visit of a person who is logged in. Raises LogInNeededError."""
    visit = Visit(request)
    if visit.session.account is None:
        raise LogInNeededError
    return visit


AnyVisit = Annotated[Visit, Depends(anyone)]
SignedIn = Annotated[Visit, Depends(signed_in)]
