"""One person's use of the services: logged in, asking and changing as anybody would."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx

from epep_demo.cast import Person
from epep_demo.loading.addresses import Addresses
from epep_demo.loading.problem import LoadError
from epep_demo.loading.waiting import eventually

UNAUTHENTICATED, NOT_FOUND, STALE, UNAVAILABLE = 401, 404, 412, 503
FINE = 400


@dataclass
class Tokens:
    """What a log-in gave: the session's secret, and the token that is good for ten minutes."""

    account_id: str
    session_id: str
    session_secret: str
    access_token: str


class Session:
    """A logged-in person. Services are named `pep`, `meeting` and so on."""

    def __init__(
        self, person: Person, tokens: Tokens, client: httpx.AsyncClient, where: Addresses
    ) -> None:
        self.person = person
        self.account_id = tokens.account_id
        self._tokens, self._client, self._where = tokens, client, where

    async def send(
        self,
        method: str,
        service: str,
        path: str,
        *,
        headers: Mapping[str, str] | None = None,
        **more: Any,
    ) -> httpx.Response:
        """Send one request; an access token that has run out is renewed once."""
        url = f"{self._where.services[service]}{path}"
        for last in (False, True):
            told = {**(headers or {}), "Authorization": f"Bearer {self._tokens.access_token}"}
            answer = await self._client.request(method, url, headers=told, **more)
            if answer.status_code != UNAUTHENTICATED or last:
                break
            await self._renew()
        return answer

    async def get(self, service: str, path: str, **params: Any) -> dict[str, Any]:
        """Return what the service answers. Raises LoadError when it refuses."""
        answer = await self.send("GET", service, path, params=params)
        return body_of(answer, self.person.name)

    async def find(self, service: str, path: str) -> dict[str, Any] | None:
        """Return what the service answers, or None while it doesn't know of it yet."""
        answer = await self.send("GET", service, path)
        if answer.status_code in {NOT_FOUND, UNAVAILABLE}:
            return None
        return body_of(answer, self.person.name)

    async def arrived(self, service: str, path: str) -> dict[str, Any]:
        """Wait until the service knows of something that an event is still carrying to it."""
        return await eventually(
            f"{service} did not come to know {path}", lambda: self.find(service, path)
        )

    async def change(
        self,
        method: str,
        service: str,
        path: str,
        body: Any,
        *,
        seen_at: str | None = None,
        version: int | None = None,
        key: str | None = None,
        patient: bool = False,
    ) -> dict[str, Any]:
        """Change something, having looked at it at `seen_at`; look again if it moved meanwhile.

        With `version`, which an earlier answer gave, there is no need to look first. `key` makes
        a repeated request one change. Who is `patient` waits while the service does not know of
        it yet. Raises LoadError when the service refuses.
        """
        headers = {"Idempotency-Key": key} if key else {}
        for _ in range(5):
            if version is not None:
                headers["If-Match"], version = f'"{version}"', None
            elif seen_at:
                seen = await self._try("GET", service, seen_at, None, {}, patient=True)
                body_of(seen, self.person.name)
                headers["If-Match"] = seen.headers.get("ETag", "")
            answer = await self._try(method, service, path, body, headers, patient=patient)
            if answer.status_code != STALE:
                break
        return body_of(answer, self.person.name)

    async def _try(
        self,
        method: str,
        service: str,
        path: str,
        body: Any,
        headers: Mapping[str, str],
        *,
        patient: bool,
    ) -> httpx.Response:
        async def attempt() -> httpx.Response | None:
            answer = await self.send(method, service, path, json=body, headers=headers)
            early = patient and answer.status_code in {NOT_FOUND, UNAVAILABLE}
            return None if early else answer

        return await eventually(f"{service} did not come to know {path}", attempt)

    async def _renew(self) -> None:
        told = {
            "session_id": self._tokens.session_id,
            "session_secret": self._tokens.session_secret,
        }
        url = f"{self._where.services['identity']}/tokens"
        answer = await self._client.post(url, json=told)
        self._tokens.access_token = body_of(answer, self.person.name)["access_token"]


def body_of(answer: httpx.Response, who: str) -> dict[str, Any]:
    """Return the JSON body. Raises LoadError that says who was refused what, and why."""
    if answer.status_code < FINE:
        found: dict[str, Any] = answer.json() if answer.content else {}
        return found
    what = f"{answer.request.method} {answer.request.url.path}"
    raise LoadError(f"{who} was refused {what}: {_reason(answer)}")


def _reason(answer: httpx.Response) -> str:
    try:
        problem = answer.json()
    except json.JSONDecodeError:
        return f"status {answer.status_code}."
    parts = [str(problem.get("title", answer.status_code)), str(problem.get("detail") or "")]
    errors = [f"{e.get('field')}: {e.get('message')}" for e in problem.get("errors") or []]
    return " ".join(part for part in (*parts, *errors[:5]) if part)
