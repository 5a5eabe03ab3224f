"""What identity-service says: accounts, roles, log-in, keys."""

from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

from epep_events.base import Event, PersonalOfAdult
from epep_events.profile import Role


class UserRegistered(Event):
    """Said when a person has an account."""

    account_id: UUID
    name: PersonalOfAdult[str]
    email: PersonalOfAdult[str]
    phone: PersonalOfAdult[str | None] = None
    job_title: PersonalOfAdult[str | None] = None


class RoleGranted(Event):
    """Said when a person gets a role in an authority; `setting_urn` binds a school's own role.

    `held_from` and `held_to` are its first and last day in England; None is at once, or without
    an end. Said again for the same authority, role and setting, it gives them other days.
    """

    schema_version = 2

    account_id: UUID
    authority_code: str
    role: Role
    setting_urn: str | None = None
    held_from: date | None = None
    held_to: date | None = None


class RoleRevoked(Event):
    """Said when that role ends."""

    schema_version = 2

    account_id: UUID
    authority_code: str
    role: Role


class PasswordChanged(Event):
    """Said when a password is set; never says which."""

    account_id: UUID


class UserDeactivated(Event):
    """Said when an account may no longer be used; its sessions end."""

    account_id: UUID
    why: PersonalOfAdult[str]


class UserReactivated(Event):
    """Said when the account may be used again."""

    account_id: UUID
    why: PersonalOfAdult[str]


class AccountsMerged(Event):
    """Said of the account that turned out to be somebody's second one, when it closes for good.

    Its roles are given to `into_account_id` and its children go there; nobody logs in to it again.
    """

    account_id: UUID
    into_account_id: UUID
    authority_code: str
    why: PersonalOfAdult[str]


class LoginCodeRequested(Event):
    """Said when a right password was given and a code is to be mailed (B13).

    `sealed_code` is a JWE that only notification-service's key opens; the code works once, for
    ten minutes. `sealed_not_me` is the token of the mail's "this is not me" link, sealed likewise.
    """

    schema_version = 2

    login_id: UUID
    account_id: UUID
    name: PersonalOfAdult[str]
    email: PersonalOfAdult[str]
    sealed_code: str
    sealed_not_me: str | None = None
    expires_at: datetime


class LoginSucceeded(Event):
    """Said when the code was right."""

    login_id: UUID
    account_id: UUID


class LoginFailed(Event):
    """Said when a known account's log-in was refused, and at which step."""

    schema_version = 2

    account_id: UUID
    why: Literal[
        "password",
        "code",
        "expired",
        "throttled",
        "deactivated",
        "totp",
        "passkey",
        "recovery_code",
        "device",
    ]


class SessionEnded(Event):
    """Said when a person logs out or a session is ended."""

    account_id: UUID
    session_id: UUID
    why: Literal["logged_out", "ended"]


class SigningKeyPublished(Event):
    """Said when identity has a new key for tokens; `jwk` is the public Ed25519 key."""

    kid: str
    jwk: dict[str, Any]
    not_after: datetime


EVENTS: tuple[type[Event], ...] = (
    UserRegistered,
    RoleGranted,
    RoleRevoked,
    PasswordChanged,
    UserDeactivated,
    UserReactivated,
    AccountsMerged,
    LoginCodeRequested,
    LoginSucceeded,
    LoginFailed,
    SessionEnded,
    SigningKeyPublished,
)
