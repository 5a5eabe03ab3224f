"""What people are told about their account: how it came to be, and each change of its locks."""

from collections.abc import Mapping
from uuid import UUID

from epep_events.base import Event
from epep_events.envelope import Metadata
from epep_events.getting_in import (
    DeviceRemembered,
    EmailChanged,
    EmailChangeRequested,
    EmailChangeStopped,
    EmailReminderRequested,
    FactorAdded,
    FactorRemoved,
    FactorsReset,
    LoginStopped,
    PasswordReplaced,
    PasswordResetRequested,
    RecoveryCodesMade,
    RecoveryCodeUsed,
)
from epep_events.identity import AccountsMerged
from epep_events.notification import Kind
from epep_runtime.subscriptions import Reaction, Reactor
from notification_service.mails.language import N_
from notification_service.notifications.facts import Facts
from notification_service.notifications.requesting import Notice, Recipient, tell
from notification_service.reactions.knowing import authority_of, person_of

NOTICES: Mapping[type[Event], str] = {
    PasswordReplaced: N_("Your password was replaced by another."),
    FactorAdded: N_("An authenticator app or a passkey was added to your account."),
    FactorRemoved: N_("An authenticator app or a passkey was removed from your account."),
    FactorsReset: N_(
        "Your virtual school took your authenticator apps and passkeys away. "
        "You log in with a mailed code again."
    ),
    RecoveryCodesMade: N_(
        "New recovery codes were made for your account. Earlier ones do not work."
    ),
    RecoveryCodeUsed: N_("One of your recovery codes was used to log in."),
    DeviceRemembered: N_(
        "A device was remembered: it need not give a second factor for some time."
    ),
}

CLOSED = N_(
    "Your virtual school has made your two ePEP accounts one. The account with this address is "
    "closed: log in with the address of your other account from now on."
)
KEPT = N_(
    "Your virtual school has made your two ePEP accounts one. This is the account that stays: "
    "the roles and the children of the other one are here now."
)

A_CHANGE = N_("a change of the email address")
A_LOGIN = N_("a log-in that had succeeded")
A_PASSWORD = N_("a log-in with the password")


def _notice(kind: Kind, meta: Metadata, to: Recipient, **more: object) -> Notice:
    known = {
        "kind": kind,
        "said_at": meta.occurred_at,
        "name": to.name,
        "has_account": to.account_id is not None,
    }
    return Notice(to, Facts.model_validate(known | more))


async def mail_password_link(
    reaction: Reaction, event: PasswordResetRequested, meta: Metadata
) -> None:
    """Mail the link by which a forgotten password is replaced (S24)."""
    to = Recipient(event.name, event.email, event.account_id)
    more = {"sealed": event.sealed_token, "expires_at": event.expires_at}
    await tell(reaction, [_notice("password_reset", meta, to, **more)])


async def mail_reminder(reaction: Reaction, event: EmailReminderRequested, meta: Metadata) -> None:
    """Mail somebody, at the address on record, which address that is (S24)."""
    to = Recipient(event.name, event.email, event.account_id)
    await tell(reaction, [_notice("email_reminder", meta, to, detail=event.email)])


async def mail_both(reaction: Reaction, event: EmailChangeRequested, meta: Metadata) -> None:
    """Ask the owners of both addresses; the old one can also stop it."""
    old = Recipient(event.name, event.old_email, event.account_id)
    new = Recipient(event.name, event.new_email)
    more = {"sealed": event.sealed_old, "sealed_not_me": event.sealed_not_me}
    notices = [_notice("email_change_old", meta, old, **more, expires_at=event.expires_at)]
    if event.sealed_new is not None:
        more = {"sealed": event.sealed_new}
        notices.append(_notice("email_change_new", meta, new, **more, expires_at=event.expires_at))
    await tell(reaction, notices)


async def mail_old_address(reaction: Reaction, event: EmailChanged, meta: Metadata) -> None:
    """Tell the old address that it is no longer the account's."""
    person = await person_of(reaction, event.account_id)
    to = Recipient(person.name if person else "", event.old_email)
    await tell(reaction, [_notice("email_changed", meta, to)])


async def mail_stopped_change(
    reaction: Reaction, event: EmailChangeStopped, meta: Metadata
) -> None:
    """Confirm to the owner that the change was stopped."""
    await _tell_owner(reaction, event.account_id, meta, A_CHANGE)


async def mail_stopped_login(reaction: Reaction, event: LoginStopped, meta: Metadata) -> None:
    """Tell the owner and their virtual school that somebody knows the password."""
    what = A_LOGIN if event.had_entered else A_PASSWORD
    await _tell_owner(reaction, event.account_id, meta, what)


async def _tell_owner(reaction: Reaction, account_id: UUID, meta: Metadata, what: str) -> None:
    person = await person_of(reaction, account_id)
    if person is None:
        return
    more: dict[str, object] = {"who": person.name, "detail": what}
    told = [person]
    if meta.authority is not None:
        known = await authority_of(reaction)
        more["authority"] = known.facts
        told.append(Recipient(known.facts.virtual_school, known.facts.contact_email))
    await tell(reaction, [_notice("login_stopped", meta, each, **more) for each in told])


async def mail_notice(
    reaction: Reaction,
    event: PasswordReplaced
    | FactorAdded
    | FactorRemoved
    | FactorsReset
    | RecoveryCodesMade
    | RecoveryCodeUsed
    | DeviceRemembered,
    meta: Metadata,
) -> None:
    """Tell somebody that one of the locks of their account has changed (ASVS 6.3.7)."""
    person = await person_of(reaction, event.account_id)
    if person is not None:
        said = NOTICES[type(event)]
        await tell(reaction, [_notice("security_notice", meta, person, detail=said)])


async def mail_both_accounts(reaction: Reaction, event: AccountsMerged, meta: Metadata) -> None:
    """Tell both addresses that two accounts have become one; neither reads the other address."""
    told = {event.account_id: CLOSED, event.into_account_id: KEPT}
    notices = []
    for account_id, detail in told.items():
        person = await person_of(reaction, account_id)
        if person is not None:
            notices.append(_notice("security_notice", meta, person, detail=detail))
    await tell(reaction, notices)


LOCKS = Reactor(
    "locks",
    ("identity",),
    {
        PasswordResetRequested: mail_password_link,
        EmailReminderRequested: mail_reminder,
        EmailChangeRequested: mail_both,
        EmailChanged: mail_old_address,
        EmailChangeStopped: mail_stopped_change,
        LoginStopped: mail_stopped_login,
        AccountsMerged: mail_both_accounts,
        **dict.fromkeys(NOTICES, mail_notice),
    },
)
