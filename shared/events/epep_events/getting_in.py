"""What identity-service says while people come in: registration, declarations, factors, sessions.

Every event that holds personal data names its person beside it: `account_id`, or `registration_id`
while there is no account yet. Secrets in mails are sealed (JWE) to notification-service's key.
"""

from datetime import datetime
from typing import Literal
from uuid import UUID

from epep_events.base import Event, PersonalOfAdult
from epep_events.profile import Role

FactorKind = Literal["totp", "passkey"]
Method = Literal["code", "totp", "passkey", "recovery_code", "device"]


class RegistrationStarted(Event):
    """Said when somebody without an account asks for one, and is mailed a link (B03-B05)."""

    registration_id: UUID
    name: PersonalOfAdult[str]
    email: PersonalOfAdult[str]
    phone: PersonalOfAdult[str]
    authority_code: str
    role: Role
    setting_urn: str | None = None
    team: PersonalOfAdult[str | None] = None
    job_title: PersonalOfAdult[str | None] = None
    sealed_token: str
    expires_at: datetime


class RegistrationRepeated(Event):
    """Said when an address that has an account is registered again, or wanted for another."""

    account_id: UUID
    wanted_for: Literal["registration", "email_change"]


class RegistrationValidated(Event):
    """Said when the link of the validation mail was used and the person has an account (B05).

    It carries what the virtual school is to see; `invited` says that an invitation to a meeting
    had gone to the address, so that no queue is waited in.
    """

    registration_id: UUID
    account_id: UUID
    name: PersonalOfAdult[str]
    email: PersonalOfAdult[str]
    phone: PersonalOfAdult[str | None]
    authority_code: str
    role: Role
    setting_urn: str | None = None
    team: PersonalOfAdult[str | None] = None
    job_title: PersonalOfAdult[str | None] = None
    invited: bool


class RegistrationAccepted(Event):
    """Said when the virtual school grants what was asked for, or something else instead."""

    registration_id: UUID
    account_id: UUID
    authority_code: str
    role: Role
    setting_urn: str | None = None


class RegistrationRefused(Event):
    """Said when the virtual school does not grant a role, with its reason for the person."""

    registration_id: UUID
    account_id: UUID
    authority_code: str
    why: PersonalOfAdult[str]


class InvitationClaimed(Event):
    """Said when somebody who was invited by e-mail has an account and a role to match."""

    account_id: UUID
    authority_code: str
    role: Role
    invitation_id: UUID
    meeting_id: UUID
    pep_id: UUID


class AccountWelcomed(Event):
    """Said when an operator makes an authority's first administrator, with a one-time link."""

    account_id: UUID
    authority_code: str


class DeclarationsAccepted(Event):
    """Said when a person who logs in has ticked an authority's declarations one by one (B07)."""

    account_id: UUID
    authority_code: str
    version: int
    keys: tuple[str, ...]


class PasswordResetRequested(Event):
    """Said when the owner of an address asks for a new password; the link works for an hour."""

    account_id: UUID
    name: PersonalOfAdult[str]
    email: PersonalOfAdult[str]
    sealed_token: str
    expires_at: datetime


class PasswordReplaced(Event):
    """Said when a person gave themselves another password, so that they are told of it."""

    account_id: UUID
    how: Literal["changed", "forgotten"]


class EmailReminderRequested(Event):
    """Said when somebody knew enough of themselves to be mailed which address they use (S24)."""

    account_id: UUID
    name: PersonalOfAdult[str]
    email: PersonalOfAdult[str]


class EmailChangeRequested(Event):
    """Said when a person wants another address; both must confirm.

    `sealed_new` is None where the wanted address is somebody else's: then nothing can come of it.
    """

    change_id: UUID
    account_id: UUID
    name: PersonalOfAdult[str]
    old_email: PersonalOfAdult[str]
    new_email: PersonalOfAdult[str]
    sealed_new: str | None
    sealed_old: str
    sealed_not_me: str
    expires_at: datetime


class EmailChangeConfirmed(Event):
    """Said when the owner of one of the two addresses has confirmed the change."""

    change_id: UUID
    account_id: UUID
    side: Literal["old", "new"]


class EmailChanged(Event):
    """Said when both have confirmed and the new address is the account's."""

    account_id: UUID
    email: PersonalOfAdult[str]
    old_email: PersonalOfAdult[str]


class EmailChangeStopped(Event):
    """Said when the owner of the old address says that it was not them."""

    change_id: UUID
    account_id: UUID


class UserDetailsChanged(Event):
    """Said when a person corrects their name, telephone number or job title."""

    account_id: UUID
    name: PersonalOfAdult[str]
    phone: PersonalOfAdult[str | None]
    job_title: PersonalOfAdult[str | None]


class FactorAdded(Event):
    """Said when an authenticator app or a passkey was tried out and is asked for from now on."""

    account_id: UUID
    factor_id: UUID
    kind: FactorKind
    name: PersonalOfAdult[str]


class FactorRenamed(Event):
    """Said when a person calls a factor something else."""

    account_id: UUID
    factor_id: UUID
    name: PersonalOfAdult[str]


class FactorRemoved(Event):
    """Said when a person takes one of their factors away."""

    account_id: UUID
    factor_id: UUID


class FactorsReset(Event):
    """Said when a virtual school takes all of a person's factors away, say for a lost telephone."""

    account_id: UUID
    authority_code: str
    why: PersonalOfAdult[str]


class RecoveryCodesMade(Event):
    """Said when a person has new recovery codes; the old ones are worthless."""

    account_id: UUID


class RecoveryCodeUsed(Event):
    """Said when one of them let the person in."""

    account_id: UUID
    left: int


class DeviceRemembered(Event):
    """Said when a device need not give a second factor until then."""

    account_id: UUID
    device_id: UUID
    until: datetime


class DeviceForgotten(Event):
    """Said when a device is remembered no longer."""

    account_id: UUID
    device_id: UUID


class SessionStarted(Event):
    """Said when a log-in ends in a session: how it was proved, and where, no closer than that."""

    account_id: UUID
    session_id: UUID
    login_id: UUID
    method: Method
    device: PersonalOfAdult[str]
    network: PersonalOfAdult[str]


class SessionsEndedByAuthority(Event):
    """Said when a virtual school ends all sessions of a person who works with it, and why."""

    account_id: UUID
    authority_code: str
    why: PersonalOfAdult[str]


class LoginStopped(Event):
    """Said when the owner says by the link in a code's mail that the log-in was not theirs.

    `had_entered` tells that it had become a session, which ended with this.
    """

    account_id: UUID
    login_id: UUID
    had_entered: bool


EVENTS: tuple[type[Event], ...] = (
    RegistrationStarted,
    RegistrationRepeated,
    RegistrationValidated,
    RegistrationAccepted,
    RegistrationRefused,
    InvitationClaimed,
    AccountWelcomed,
    DeclarationsAccepted,
    PasswordResetRequested,
    PasswordReplaced,
    EmailReminderRequested,
    EmailChangeRequested,
    EmailChangeConfirmed,
    EmailChanged,
    EmailChangeStopped,
    UserDetailsChanged,
    FactorAdded,
    FactorRenamed,
    FactorRemoved,
    FactorsReset,
    RecoveryCodesMade,
    RecoveryCodeUsed,
    DeviceRemembered,
    DeviceForgotten,
    SessionStarted,
    SessionsEndedByAuthority,
    LoginStopped,
)
