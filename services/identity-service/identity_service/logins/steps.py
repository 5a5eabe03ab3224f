"""What a log-in asks for next: declarations first, then one second factor (B06, B07, B13)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, Field

from epep_runtime.postgres import Connection
from identity_service.accounts.account import Account
from identity_service.devices import records as devices
from identity_service.logins.login import Login
from identity_service.read_models.access_requests import of_account
from identity_service.read_models.sign_in_rules import Rules, rules_of

Factor = Literal["device", "passkey", "totp", "recovery_code", "code"]
Next = Literal["declarations", "device", "passkey", "totp", "code"]


@dataclass(frozen=True, slots=True)
class Step:
    """Where a log-in stands. `asked` are the authorities whose declarations are to be ticked."""

    asked: tuple[Rules, ...]
    factors: tuple[Factor, ...]
    remember_days: int

    @property
    def next(self) -> Next:
        """Return what is to be done now."""
        if self.asked:
            return "declarations"
        first = self.factors[0]
        assert first != "recovery_code"
        return first


class AskedDeclaration(BaseModel):
    """One thing to declare."""

    key: str
    title: str
    text: str


class DeclaringAuthority(BaseModel):
    """The authority whose declarations they are."""

    code: str
    name: str


class AskedDeclarations(BaseModel):
    """One authority's declarations, each of which is to be ticked by itself."""

    authority: DeclaringAuthority
    version: int
    declarations: list[AskedDeclaration]


class LoginStarted(BaseModel):
    """Where the log-in stands; the second factor is good until `expires_at`.

    A code is on its way when `code_sent`. `next` "device": this device is remembered, so the
    client finishes by itself.
    """

    login_id: UUID
    expires_at: datetime
    next: Next = "code"
    factors: list[Factor] = Field(default_factory=list)
    code_sent: bool = True
    declarations: list[AskedDeclarations] = Field(default_factory=list)
    may_remember_days: int = 0


async def next_step(connection: Connection, account: Account, login: Login, now: datetime) -> Step:
    """Return what the log-in asks for, of a person with these roles, factors and devices."""
    account = account.at(now)
    rules = (await rules_of(connection, await _authorities(connection, account))).values()
    done = account.declared | {(each[0], each[1]) for each in login.declared}
    asked = [each for each in rules if each.declarations and _version(each) not in done]
    days = min((each.remembered_device_days for each in rules), default=0)
    remembered = days > 0 and await _is_remembered(connection, account, login, now)
    return Step(
        tuple(sorted(asked, key=lambda each: each.authority)),
        _factors(account, remembered),
        days,
    )


def _version(rules: Rules) -> tuple[str, int]:
    return rules.authority, rules.declarations_version


async def _authorities(connection: Connection, account: Account) -> Iterable[str]:
    """Return where the person has a role, or else where they have asked for one."""
    if account.grants or account.account_id is None:
        return account.authorities
    return {row["authority"] for row in await of_account(connection, account.account_id)}


async def _is_remembered(
    connection: Connection, account: Account, login: Login, now: datetime
) -> bool:
    assert account.account_id is not None
    known = await devices.of_account(connection, account.account_id, now)
    return any(each.device_id == login.device_id for each in known)


def _factors(account: Account, remembered: bool) -> tuple[Factor, ...]:
    """Return the ways in. Who has a stronger factor is not let in by a mailed code."""
    kinds = {each.kind for each in account.factors}
    found: list[Factor] = ["device"] if remembered else []
    if not kinds:
        return (*found, "code")
    if "passkey" in kinds:
        found.append("passkey")
    if "totp" in kinds:
        found.append("totp")
    return (*found, "recovery_code")


def shown(login: Login, step: Step, code_sent: bool) -> LoginStarted:
    """Return where a log-in stands, as its client is told."""
    return LoginStarted(
        login_id=login.login_id,
        expires_at=login.code_expires_at,
        next=step.next,
        factors=list(step.factors),
        code_sent=code_sent,
        declarations=[
            AskedDeclarations(
                authority=DeclaringAuthority(code=each.authority, name=each.name),
                version=each.declarations_version,
                declarations=[AskedDeclaration(**one) for one in each.declarations],
            )
            for each in step.asked
        ],
        may_remember_days=step.remember_days,
    )
