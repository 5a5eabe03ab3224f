"""Calls to the five services: the only way the portal reads or changes anything.

An answer other than success becomes an exception that a page can speak about. The person's access
token goes with every call and is renewed a little before it runs out.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import httpx
import orjson
import structlog

from epep_runtime.own_writes import CATCHING_UP, MOST, WRITTEN
from epep_runtime.telemetry import current_traceparent
from web_portal.problems import SessionEndedError, UnavailableError, problem, version_of
from web_portal.web.language import current
from web_portal.web.sessions import Session

log = structlog.get_logger()
BROKEN = (httpx.NetworkError, httpx.RemoteProtocolError)
RENEW_BEFORE = timedelta(seconds=30)
OWN_WRITES_FOR = timedelta(seconds=15)
"""How long after a change the person's pages wait until they show it."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A service's success: its JSON, and the version to send back with a change."""

    json: Any
    version: int | None
    status: int = 200
    content: bytes = b""


class Services:
    """The services' addresses and the connection pool to them."""

    def __init__(
        self,
        http: httpx.AsyncClient,
        addresses: Mapping[str, str],
        clock: Callable[[], datetime],
        streams: httpx.AsyncClient | None = None,
    ) -> None:
        self._http, self._addresses, self._clock = http, addresses, clock
        self._streams = streams or http

    def caller(self, session: Session, network: str = "", browser: str = "") -> "Caller":
        """Return what makes calls for the person of this session.

        Identity is told their network address and what browser they use, to name their sessions.
        """
        return Caller(self, session, self._clock, network, browser)

    async def send(self, service: str, method: str, path: str, **more: Any) -> httpx.Response:
        """Send one request, with the trace it belongs to. Raises UnavailableError.

        A read whose connection breaks, because its service is just then replaced, is sent once
        more; a change is not, for it may have been made.
        """
        headers = dict(more.pop("headers", {}))
        if trace := current_traceparent():
            headers["traceparent"] = trace
        address = self._addresses[service].rstrip("/") + path
        try:
            try:
                return await self._http.request(method, address, headers=headers, **more)
            except BROKEN:
                if method != "GET":
                    raise
                return await self._http.request(method, address, headers=headers, **more)
        except httpx.HTTPError as error:
            log.warning("service does not answer", target=service, error=type(error).__name__)
            raise UnavailableError(503, "unavailable") from error

    async def open(self, service: str, path: str, **more: Any) -> httpx.Response:
        """Begin to read something that does not end soon; the caller closes it.

        Such answers have connections of their own, so that they do not take those of the pages.
        Raises UnavailableError.
        """
        address = self._addresses[service].rstrip("/") + path
        request = self._streams.build_request("GET", address, **more)
        try:
            return await self._streams.send(request, stream=True)
        except httpx.HTTPError as error:
            log.warning("service does not answer", target=service, error=type(error).__name__)
            raise UnavailableError(503, "unavailable") from error


class Caller:
    """One person's calls within one request. The access token is put in and renewed here.

    What the person has just changed goes along with their reads, which wait for it;
    `catching_up` tells that one of these could not wait long enough.
    """

    def __init__(
        self,
        services: Services,
        session: Session,
        clock: Callable[[], datetime],
        network: str = "",
        browser: str = "",
    ) -> None:
        self._services, self._session, self._clock = services, session, clock
        self._network, self._browser = network, browser
        self._renewing = asyncio.Lock()
        self.catching_up = False

    async def get(
        self,
        service: str,
        path: str,
        params: Mapping[str, Any] | None = None,
        seconds: float | None = None,
    ) -> Answer:
        """Read something. Raises a ServiceProblemError for anything but success."""
        given = {key: value for key, value in (params or {}).items() if value not in (None, "")}
        more: dict[str, Any] = {"timeout": seconds} if seconds else {}
        if own := self._own_writes():
            more["headers"] = {WRITTEN: ",".join(own)}
        return await self._call(service, "GET", path, params=given, **more)

    async def change(
        self,
        service: str,
        method: str,
        path: str,
        body: Any,
        *,
        version: int | None = None,
        key: str | None = None,
    ) -> Answer:
        """Change something: `version` becomes If-Match, `key` the Idempotency-Key."""
        headers = {"Content-Type": "application/json"}
        if version is not None:
            headers["If-Match"] = f'"{version}"'
        if key is not None:
            headers["Idempotency-Key"] = key
        return await self._call(service, method, path, content=orjson.dumps(body), headers=headers)

    async def upload(
        self, service: str, path: str, files: Mapping[str, Any], params: Mapping[str, Any]
    ) -> Answer:
        """Send files as multipart form data."""
        return await self._call(service, "POST", path, files=files, params=params, timeout=120.0)

    async def follow(
        self, service: str, path: str, params: Mapping[str, str], seen: str | None = None
    ) -> httpx.Response:
        """Open a stream of server-sent events, from after the event `seen`; the caller closes it.

        Raises a ServiceProblemError for anything but success.
        """
        headers = {"Authorization": f"Bearer {await self._token()}"}
        if seen:
            headers["Last-Event-ID"] = _plain(seen)
        response = await self._services.open(service, path, params=params, headers=headers)
        if not response.is_success:
            await response.aread()
            raise problem(response)
        return response

    async def _call(self, service: str, method: str, path: str, **more: Any) -> Answer:
        headers = {"Accept-Language": current().code} | dict(more.pop("headers", {}))
        if service == "identity" and self._network:
            headers["X-Forwarded-For"] = _plain(self._network)
        if service == "identity" and self._browser:
            headers["User-Agent"] = _plain(self._browser)
        identity = self._session.data.get("identity")
        if identity is None:
            return _answer(
                await self._services.send(service, method, path, headers=headers, **more)
            )
        headers["Authorization"] = f"Bearer {await self._token()}"
        response = await self._services.send(service, method, path, headers=headers, **more)
        if response.status_code == httpx.codes.UNAUTHORIZED:
            headers["Authorization"] = f"Bearer {await self._token(headers['Authorization'])}"
            response = await self._services.send(service, method, path, headers=headers, **more)
        self._note(response)
        return _answer(response)

    def _own_writes(self) -> list[str]:
        known = self._session.data.get("written")
        if not known or self._clock().timestamp() >= known["until"]:
            return []
        return list(known["changes"])

    def _note(self, response: httpx.Response) -> None:
        self.catching_up = self.catching_up or CATCHING_UP in response.headers
        if written := response.headers.get(WRITTEN):
            until = (self._clock() + OWN_WRITES_FOR).timestamp()
            changes = [*self._own_writes(), *written.split(",")][-MOST:]
            self._session.put("written", {"changes": changes, "until": until})

    async def _token(self, refused: str | None = None) -> str:
        async with self._renewing:
            identity = self._session.data["identity"]
            fresh = datetime.fromisoformat(identity["access_expires_at"]) - RENEW_BEFORE
            known_bad = refused == f"Bearer {identity['access_token']}"
            if known_bad or self._clock() >= fresh:
                identity = await self._renew(identity)
            return str(identity["access_token"])

    async def _renew(self, identity: dict[str, Any]) -> dict[str, Any]:
        proof = {name: identity[name] for name in ("session_id", "session_secret")}
        response = await self._services.send("identity", "POST", "/tokens", json=proof)
        if response.status_code == httpx.codes.UNAUTHORIZED:
            self._session.expired_account = self._session.account_id
            self._session.end()
            raise SessionEndedError
        told = dict(_answer(response).json)
        if account := told.pop("account", None):  # with roles given and ended since the log-in
            self._session.put("account", account)
        renewed = {**identity, **told}
        self._session.put("identity", renewed)
        return renewed


def _plain(text: str) -> str:
    """Return a header of the browser's so that it can be sent on: browsers say what they like."""
    return text.encode("ascii", "replace").decode()


def _answer(response: httpx.Response) -> Answer:
    if response.is_success:
        is_json = "json" in response.headers.get("content-type", "")
        body = response.json() if is_json and response.content else None
        return Answer(body, version_of(response), response.status_code, response.content)
    raise problem(response)
