"""Asking for notifications: one stream and one line in the outbox for each recipient."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from uuid import UUID

from epep_events.base import ERASED, Event
from epep_events.notification import NotificationRequested
from epep_runtime.language import speaking
from epep_runtime.subscriptions import Reaction
from notification_service.mails.language import language_named
from notification_service.mails.subjects import subject_of
from notification_service.notifications.delivering import failure, left_unmailed
from notification_service.notifications.facts import Facts
from notification_service.notifications.notification import (
    NOTIFICATION,
    Notification,
    notification_id,
)
from notification_service.outbox.outbox import put_out
from notification_service.preferences.kinds import kinds
from notification_service.preferences.preferences import PREFERENCES, Choices, mailed
from notification_service.read_models.languages import language_for

NO_ADDRESS = "No email address is known for this person."
NOTHING_CHOSEN = Choices()


@dataclass(frozen=True, slots=True)
class Recipient:
    """Somebody to be told; `email` is None where no address is known."""

    name: str
    email: str | None
    account_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Notice:
    """What is to be said to one recipient."""

    recipient: Recipient
    facts: Facts
    invitation_id: UUID | None = None

    @property
    def key(self) -> object:
        """Return what tells this recipient from the others of the same event."""
        return self.invitation_id or self.recipient.account_id or self.recipient.email


def request(
    own_id: UUID, notice: Notice, state: Notification, *, choices: Choices = NOTHING_CHOSEN
) -> Sequence[Event]:
    """Ask for a notification that was not asked for yet; without an address it fails at once.

    `choices` are its person's: what they read in the portal only is left unmailed.
    """
    if state.state != "none":
        return []
    asked = _asked(own_id, notice)
    if asked.account_id is not None and mailed(choices, asked.kind) == "never":
        return [asked, left_unmailed(asked, asked.account_id)]
    if notice.recipient.email:
        return [asked]
    return [asked, failure(asked, NO_ADDRESS)]


def _asked(own_id: UUID, notice: Notice) -> NotificationRequested:
    facts = notice.facts
    with speaking(language_named(facts.language)):
        subject = subject_of(facts)
    return NotificationRequested(
        notification_id=own_id,
        kind=facts.kind,
        account_id=notice.recipient.account_id,
        child_id=facts.child_id,
        email=notice.recipient.email or "",
        name=notice.recipient.name,
        subject=subject,
        pep_id=facts.pep_id,
        meeting_id=facts.meeting.meeting_id if facts.meeting else None,
        invitation_id=notice.invitation_id,
    )


async def _choices(reaction: Reaction, notice: Notice) -> Choices:
    """Return what somebody has chosen; of a shared mailbox, nothing."""
    account_id = notice.recipient.account_id
    if account_id is None or not kinds().may_be_unmailed(notice.facts.kind):
        return NOTHING_CHOSEN
    return (await reaction.load(PREFERENCES, account_id)).state


async def _worded(reaction: Reaction, notice: Notice) -> Notice:
    """Return it with the language that it is written in."""
    facts = notice.facts
    authority = facts.authority.code if facts.authority else None
    code = await language_for(reaction.connection, authority, notice.recipient.account_id)
    return replace(notice, facts=facts.model_copy(update={"language": code}))


async def tell(reaction: Reaction, notices: Sequence[Notice]) -> None:
    """Ask for these notifications, once each, in the reaction's transaction.

    Whoever has been erased meanwhile is not told. Whoever has switched mails of the kind off finds
    it in their messages alone; whoever wants one mail a day, in the next of these.
    """
    told = [await _worded(reaction, each) for each in notices if each.recipient.email != ERASED]
    by_id = {notification_id(reaction.meta.event_id, each.key): each for each in told}
    chosen = {own_id: await _choices(reaction, each) for own_id, each in by_id.items()}
    decisions: dict[UUID, Callable[[Notification], Sequence[Event]]] = {
        own_id: partial(request, own_id, notice, choices=chosen[own_id])
        for own_id, notice in by_id.items()
    }
    if not decisions:
        return
    before = await reaction.append_many(NOTIFICATION, decisions)
    for own_id, was in before.items():
        notice = by_id[own_id]
        email, how = notice.recipient.email, mailed(chosen[own_id], notice.facts.kind)
        if was.version == 0 and email and how != "never":
            await put_out(
                reaction.connection,
                own_id,
                email,
                notice.facts,
                reaction.now,
                reaction.cause().traceparent,
                notice.recipient.account_id,
                gathered=how == "daily",
            )
