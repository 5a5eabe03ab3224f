"""People at work through the services' own APIs, as the portal would be for them."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from typing import Any
from uuid import uuid4

import httpx

from epep_local import plain_http
from epep_local.mailbox import Mailbox
from epep_local.system import System

PASSWORD = "tall-orchard-window-7"
CODE = re.compile(r"\b(\d{6})\b")
RENEW_BEFORE = timedelta(seconds=60)
PATIENCE = 60.0  # seconds: a busy machine is slow, and nothing is proved by its being fast


def eventually(look: Callable[[], Any], patience: float = PATIENCE) -> Any:
    """Return the first truthy answer of `look`; assertion errors count as not yet."""
    deadline, last = time.monotonic() + patience, None
    while time.monotonic() < deadline:
        try:
            if found := look():
                return found
        except (AssertionError, httpx.TransportError) as error:
            last = error
        time.sleep(0.05)
    raise AssertionError(f"it did not come true in {patience} s") from last


def body_of(mail: EmailMessage) -> str:
    """Return a mail's plain text."""
    part = mail.get_body(("plain",))
    assert part is not None
    return str(part.get_content())


@dataclass
class Person:
    """Somebody with an account, logged in; services are named as in `System.url`."""

    system: System
    mailbox: Mailbox
    email: str
    name: str
    account_id: str
    login: dict[str, Any] = field(default_factory=dict)
    patience: float = PATIENCE  # seconds that this person waits for anything

    def wait(self, look: Callable[[], Any]) -> Any:
        """Return the first truthy answer of `look`, as patiently as this person is."""
        return eventually(look, self.patience)

    def log_in(self) -> Person:
        """Log in with the password and the code that comes by mail."""
        already = len(self.mailbox.messages_to(self.email))
        answer = self._identity("/logins", {"email": self.email, "password": PASSWORD})
        assert answer.status_code == 202, answer.text
        login_id = answer.json()["login_id"]
        accepted = [
            {
                "authority": asked["authority"]["code"],
                "version": asked["version"],
                "keys": [each["key"] for each in asked["declarations"]],
            }
            for asked in answer.json()["declarations"]
        ]
        if accepted:
            ticked = self._identity(f"/logins/{login_id}/declarations", {"accepted": accepted})
            assert ticked.status_code == 202, ticked.text

        def newest() -> str | None:
            mails = self.mailbox.messages_to(self.email)[already:]
            codes = [
                found
                for mail in mails
                if "code" in str(mail["Subject"]).lower()
                for found in CODE.findall(body_of(mail))
            ]
            return codes[-1] if codes else None

        code = eventually(newest)
        opened = self._identity(f"/logins/{login_id}/code", {"code": code})
        assert opened.status_code == 200, opened.text
        self.login = opened.json()
        return self

    def _identity(self, path: str, body: dict[str, Any]) -> httpx.Response:
        with plain_http.client(self.system.url("identity"), timeout=20) as client:
            return client.post(path, json=body)

    def ask(self, service: str, method: str, path: str, **sent: Any) -> httpx.Response:
        """Send one request with this person's token."""
        headers = {"Authorization": f"Bearer {self._token()}"}
        headers |= sent.pop("headers", {})
        with plain_http.client(self.system.url(service), timeout=20) as client:
            return client.request(method, path, headers=headers, **sent)

    def _token(self) -> str:
        """Return an access token that is good for longer than a request takes."""
        ends_at = datetime.fromisoformat(self.login["access_expires_at"])
        if ends_at - datetime.now(UTC) < RENEW_BEFORE:
            proof = {name: self.login[name] for name in ("session_id", "session_secret")}
            renewed = self._identity("/tokens", proof)
            if renewed.status_code == 200:
                self.login |= renewed.json()
            else:
                self.log_in()
        return str(self.login["access_token"])

    def get(self, service: str, path: str, status: int = 200) -> Any:
        """Return the JSON of a page, as soon as it is there."""

        def look() -> Any:
            answer = self.ask(service, "GET", path)
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
        """Send a change with a fresh Idempotency-Key and return its JSON."""
        headers = {"Idempotency-Key": uuid4().hex}
        if version is not None:
            headers["If-Match"] = f'"{version}"'
        answer = self.ask(service, method, path, json=body, headers=headers)
        allowed = (status,) if isinstance(status, int) else status
        assert answer.status_code in allowed, f"{path}: {answer.status_code} {answer.text}"
        return answer.json()


def make_accounts(system: System, people: list[dict[str, Any]]) -> dict[str, str]:
    """Make accounts by the operator's command; {e-mail: account id}."""
    lines = "\n".join(json.dumps({"password": PASSWORD, **each}) for each in people)
    made = subprocess.run(
        [sys.executable, "-m", "identity_service", "accounts-from", "-"],
        input=lines,
        text=True,
        capture_output=True,
        env=system.environment("identity"),
        check=False,
    )
    assert made.returncode == 0, made.stderr
    found = [line.split("\t") for line in made.stdout.splitlines()]
    return {each[1]: each[0] for each in found}
