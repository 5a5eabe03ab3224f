"""One log-in between password and code: what a code is worth, and when it may be sent again.

Six digits, ten minutes, five tries, one use, good for this log-in only; a new one is sent at most
once a minute and makes the old one worthless (B13; ASVS 6.5, 6.6).
"""

import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import UUID

DIGITS = 6
CODE_LIFETIME = timedelta(minutes=10)
TRIES = 5
RESENDS = 5
RESEND_APART = timedelta(seconds=60)
LOGIN_LIFETIME = timedelta(hours=1)

Verdict = Literal["right", "wrong", "expired", "spent"]


@dataclass(frozen=True, slots=True)
class Login:
    """What is kept of a log-in. `ended_at` is set when it was used, replaced or suspended.

    `code_mac` is empty where no code was mailed. `declared` are [authority, version, keys] ticked
    on the way; `device_id` a known device of the person's; `challenge` what a passkey is to sign.
    """

    login_id: UUID
    account_id: UUID
    address_key: bytes
    code_mac: bytes
    sent_at: datetime
    code_expires_at: datetime
    tries_left: int
    resends_left: int
    started_at: datetime
    ended_at: datetime | None = None
    declared: Sequence[Sequence[Any]] = ()
    device_id: UUID | None = None
    challenge: bytes | None = None


def new_code() -> str:
    """Return six random digits."""
    return f"{secrets.randbelow(10**DIGITS):0{DIGITS}}"


def start(
    login_id: UUID, account_id: UUID, address_key: bytes, code_mac: bytes, now: datetime
) -> Login:
    """Return a log-in whose password was right now, and whose code is on its way."""
    return Login(
        login_id,
        account_id,
        address_key,
        code_mac,
        now,
        now + CODE_LIFETIME,
        TRIES,
        RESENDS,
        now,
    )


def try_code(login: Login, code_mac: bytes, now: datetime) -> tuple[Verdict, Login]:
    """Judge a code and return the log-in after that try.

    A right code ends the log-in. A wrong one costs a try; one that comes too late costs them all,
    so that nothing can be learnt by going on.
    """
    return try_factor(login, hmac.compare_digest(login.code_mac, code_mac), now)


def try_factor(login: Login, is_right: bool, now: datetime) -> tuple[Verdict, Login]:
    """Judge a try with any second factor, by the rules that codes have."""
    if login.ended_at is not None or login.tries_left <= 0:
        return "spent", login
    if is_late(login, now):
        return "expired", replace(login, tries_left=0)
    if not is_right:
        return "wrong", replace(login, tries_left=login.tries_left - 1)
    return "right", replace(login, tries_left=0, ended_at=now)


def is_late(login: Login, now: datetime) -> bool:
    """Tell whether the time for a second factor is over."""
    return now >= login.code_expires_at


def declare(login: Login, ticked: Sequence[tuple[str, int, Sequence[str]]], now: datetime) -> Login:
    """Return the log-in after its person has ticked declarations: the factor's time begins.

    Where nothing was to be ticked it goes on: a code that is on its way gets no longer by it.
    """
    if not ticked:
        return login
    declared = [*login.declared, *([where, version, list(keys)] for where, version, keys in ticked)]
    return replace(login, declared=declared, code_expires_at=now + CODE_LIFETIME)


def first_code(login: Login, code_mac: bytes, now: datetime) -> Login:
    """Return the log-in with its first code, mailed later than the log-in began."""
    later = replace(login, code_mac=code_mac, sent_at=now)
    return replace(later, code_expires_at=now + CODE_LIFETIME)


def is_over(login: Login, now: datetime) -> bool:
    """Tell whether no code can be had for this log-in any more: start again with the password."""
    return (
        login.ended_at is not None
        or login.resends_left <= 0
        or now - login.started_at >= LOGIN_LIFETIME
    )


def wait_to_resend(login: Login, now: datetime) -> timedelta:
    """Return how long it is until another code may be sent; zero or less for now."""
    return login.sent_at + RESEND_APART - now


def resend(login: Login, code_mac: bytes, now: datetime) -> Login:
    """Return the log-in with a new code instead of the old one."""
    return replace(
        login,
        code_mac=code_mac,
        sent_at=now,
        code_expires_at=now + CODE_LIFETIME,
        tries_left=TRIES,
        resends_left=login.resends_left - 1,
    )
