"""A person whose client asks again, with the same Idempotency-Key, until there is an answer."""

from __future__ import annotations

import base64
import json
import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import httpx
from ledger import Change, Ledger
from people import Person

from epep_local import plain_http

PAUSE_SECONDS = 0.25
LONGEST_THOUGHT_SECONDS = 0.3
TIMES_STALE = 5
REPEATED = 0.1
"""So many changes are asked for once more after their answer, as by an impatient finger."""


class StopError(Exception):
    """The load is over: begin nothing more."""


@dataclass
class Patient(Person):
    """Somebody who has all the time in the world, and a book of what was acknowledged."""

    patience: float = 240.0
    ledger: Ledger = field(default_factory=Ledger)
    enough: Callable[[], bool] = lambda: False
    luck: random.Random = field(default_factory=random.Random)
    _clients: dict[str, httpx.Client] = field(default_factory=dict)
    _renewing: threading.Lock = field(default_factory=threading.Lock)

    def log_in(self) -> Person:
        """Log in; start again when a part of it was lost."""
        deadline = time.monotonic() + self.patience
        while True:
            try:
                return super().log_in()
            except (httpx.TransportError, AssertionError):
                if time.monotonic() > deadline:
                    raise
                self.ledger.add_fault("log-in begun again")
                time.sleep(PAUSE_SECONDS)

    def ask(self, service: str, method: str, path: str, **sent: Any) -> httpx.Response:
        """Send a request again and again until a service answers it, and return that answer."""
        if method != "GET":
            sent["headers"] = {"Idempotency-Key": uuid4().hex} | sent.get("headers", {})
        return self._asked(service, method, path, **sent)[0]

    def _asked(
        self, service: str, method: str, path: str, **sent: Any
    ) -> tuple[httpx.Response, int]:
        deadline, tries = time.monotonic() + self.patience, 0
        while True:
            tries += 1
            token = self.login["access_token"]
            headers = sent.get("headers", {}) | {"Authorization": f"Bearer {token}"}
            try:
                answer = self._client(service).request(
                    method, path, **(sent | {"headers": headers})
                )
            except httpx.TransportError as error:
                fault = f"{service}: {type(error).__name__}"
            else:
                if answer.status_code == 401:
                    if time.time() < _expiry(token):
                        self.ledger.add_wrong(f"{service} refused a token that was still good")
                    self._renew(token)
                elif answer.status_code < 500:
                    return answer, tries
                fault = f"{service}: {answer.status_code}"
            self.ledger.add_fault(fault)
            assert time.monotonic() < deadline, f"{method} {service}{path} was never answered"
            time.sleep(PAUSE_SECONDS)

    def _client(self, service: str) -> httpx.Client:
        # One for each thread too: a person may work in several windows.
        key = f"{service} {threading.get_ident()}"
        if key not in self._clients:
            self._clients[key] = plain_http.client(self.system.url(service), timeout=20)
        return self._clients[key]

    def _renew(self, old: str) -> None:
        """Get a fresh token, unless another window has; log in again when the session is over."""
        with self._renewing:
            if self.login["access_token"] != old:
                return
            proof = {key: self.login[key] for key in ("session_id", "session_secret")}
            try:
                answer = self._client("identity").post("/tokens", json=proof)
            except httpx.TransportError:
                return
            if answer.status_code == 200:
                self.login |= answer.json()
            elif answer.status_code == 401:
                self.log_in()

    def get(self, service: str, path: str, status: int = 200) -> Any:
        """Return the JSON of a page as soon as it is there; StopError when the load is over."""

        def look() -> Any:
            if self.enough():
                raise StopError
            answer = self.ask(service, "GET", path)
            if answer.status_code != status:
                time.sleep(PAUSE_SECONDS)
            assert answer.status_code == status, f"{path}: {answer.status_code} {answer.text}"
            return answer

        return self.wait(look).json()

    def change(
        self,
        service: str,
        method: str,
        path: str,
        body: Any,
        version: int | None = None,
        status: int | tuple[int, ...] = (200, 201, 202),
    ) -> Any:
        """Make a change, write its answer into the ledger and return its JSON."""
        for _ in range(TIMES_STALE):
            answer = self._changed(service, method, path, body, version)
            if answer.status_code != 412 or version is None:
                break
            # As a person does who is shown that something else came between: look, and again.
            self.ledger.add_fault(f"{service}: 412, made again on the newer version")
            version = _version(answer)
        allowed = (status,) if isinstance(status, int) else status
        assert answer.status_code in allowed, f"{path}: {answer.status_code} {answer.text}"
        return answer.json()

    def _changed(
        self, service: str, method: str, path: str, body: Any, version: int | None
    ) -> httpx.Response:
        if self.enough():
            raise StopError
        time.sleep(self.luck.uniform(0, LONGEST_THOUGHT_SECONDS))
        trace = uuid4().hex
        headers = {
            "Idempotency-Key": uuid4().hex,
            "traceparent": f"00-{trace}-{trace[:16]}-01",
        }
        if version is not None:
            headers["If-Match"] = f'"{version}"'
        begun = time.monotonic()
        answer, tries = self._asked(service, method, path, json=body, headers=headers)
        self.ledger.add(
            Change(
                trace, self.account_id, service, method, path, body, answer.status_code,
                _version(answer), answer.json(), tries, time.monotonic() - begun,
            )
        )  # fmt: skip
        if answer.is_success and self.luck.random() < REPEATED:
            self._repeat(answer, service, method, path, json=body, headers=headers)
        return answer

    def _repeat(
        self, first: httpx.Response, service: str, method: str, path: str, **sent: Any
    ) -> None:
        again, _ = self._asked(service, method, path, **sent)
        told = [(each.status_code, _version(each), each.json()) for each in (first, again)]
        if told[0] != told[1]:
            self.ledger.add_wrong(
                f"{method} {service}{path} asked again: {told[0]} first, then {told[1]}"
            )


def _expiry(token: str) -> float:
    """Return when the token runs out, in seconds since the epoch, as it says itself."""
    claims = token.split(".")[1]
    return float(json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))["exp"])


def _version(answer: httpx.Response) -> int | None:
    tag = answer.headers.get("ETag")
    return int(tag.strip('"')) if tag else None
