"""The service as people outside meet it: accounts, a mail reader, a clock to move."""

import base64
import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
from joserfc.jwk import OKPKey

from epep_events.identity import LoginCodeRequested, LoginFailed
from epep_runtime.sealing import unseal
from epep_runtime.testing import ServiceUnderTest
from identity_service.accounts.opening import OpenAccount
from identity_service.operating.acting import Desk
from identity_service.parts import Identity

PASSWORD = "three quiet herons"
NETWORK_FAILURES = 20
LIGHT: dict[str, Any] = {
    "password_memory_kib": 8,
    "refusal_seconds": 0,
    "network_failures": NETWORK_FAILURES,
    "trusted_proxies": "127.0.0.1/32",
}


def secret_key() -> str:
    return base64.b64encode(secrets.token_bytes(32)).decode()


class Clock:
    """The service's clock; tests move it on."""

    def __init__(self) -> None:
        self.ahead = timedelta(0)

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    def pass_by(self, **time: float) -> None:
        self.ahead += timedelta(**time)


@dataclass(frozen=True)
class Person:
    account_id: UUID
    name: str
    email: str
    password: str = PASSWORD


@dataclass
class Door:
    """The service as somebody outside meets it, from a network of their own."""

    service: ServiceUnderTest
    clock: Clock
    mail_key: OKPKey
    url: str
    secret: str
    answer_before_mail: httpx.Response
    network: str = field(default_factory=lambda: f"203.0.113.{secrets.randbelow(250)}")

    @property
    def desk(self) -> Desk:
        process = self.service.process
        identity = process.part(Identity)
        return Desk(process.pool, process.store, identity.passwords, identity.settings)

    async def person(self, *grants: str, name: str = "Amara Lindqvist") -> Person:
        email = f"{uuid4().hex}@fernhallow.example"
        wanted = OpenAccount(name=name, email=email, password=PASSWORD, grants=grants)
        opened = await self.desk.open_all([wanted])
        return Person(opened[0].account_id, name, email)

    async def post(self, path: str, body: Any = None, **more: Any) -> httpx.Response:
        headers = {"X-Forwarded-For": self.network, "Content-Type": "application/json"}
        if "content" not in more:
            more["json"] = {} if body is None else body
        return await self.service.client.post(path, headers=headers, **more)

    async def knock(self, email: str, password: str = PASSWORD) -> httpx.Response:
        return await self.post("/logins", {"email": email, "password": password})

    async def login_id(self, person: Person) -> str:
        answer = await self.knock(person.email)
        assert answer.status_code == 202, answer.text
        return str(answer.json()["login_id"])

    async def mailed_code(self, login_id: str) -> str:
        said = [each.data for each in await self.service.said(LoginCodeRequested)]
        mine = [each for each in said if isinstance(each, LoginCodeRequested)]
        newest = [each for each in mine if str(each.login_id) == login_id][-1]
        return unseal(newest.sealed_code, self.mail_key.as_dict(private=True))

    async def failures(self, person: Person) -> list[str]:
        said = [each.data for each in await self.service.said(LoginFailed)]
        mine = [each for each in said if isinstance(each, LoginFailed)]
        return [each.why for each in mine if each.account_id == person.account_id]

    async def give(self, login_id: str, code: str) -> httpx.Response:
        return await self.post(f"/logins/{login_id}/code", {"code": code})

    async def enter(self, person: Person) -> dict[str, Any]:
        login_id = await self.login_id(person)
        answer = await self.give(login_id, await self.mailed_code(login_id))
        assert answer.status_code == 200, answer.text
        entered: dict[str, Any] = answer.json()
        return entered


def other_than(code: str) -> str:
    """Return six digits that are not this code."""
    return f"{(int(code) + 1) % 1_000_000:06}"


def proof(entered: dict[str, Any]) -> dict[str, str]:
    """Return what proves the session that was entered."""
    return {name: entered[name] for name in ("session_id", "session_secret")}
