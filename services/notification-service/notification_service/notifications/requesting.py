"""Asking for notifications: one stream and one line in the outbox for each recipient."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from uuid import UUID

from epep_events.base import Event
from epep_events.notification import NotificationRequested
from epep_runtime.subscriptions import Reaction
from notification_service.mails.subjects import subject_of
from notification_service.notifications.delivering import failure
from notification_service.notifications.facts import Facts
from notification_service.notifications.notification import (
    NOTIFICATION,
    Notification,
    notification_id,
)
from notification_service.outbox.outbox import put_out

NO_ADDRESS = "No email address is known for this person."


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


def request(own_id: UUID, notice: Notice, state: Notification) -> Sequence[Event]:
    """Ask for a notification that was not asked for yet; without an address it fails at once."""
    if state.state != "none":
        return []
    facts = notice.facts
    asked = NotificationRequested(
        notification_id=own_id,
        kind=facts.kind,
        account_id=notice.recipient.account_id,
        child_id=facts.child_id,
        email=notice.recipient.email or "",
        name=notice.recipient.name,
        subject=subject_of(facts),
        pep_id=facts.pep_id,
        meeting_id=facts.meeting.meeting_id if facts.meeting else None,
        invitation_id=notice.invitation_id,
    )
    if notice.recipient.email:
        return [asked]
    return [asked, failure(asked, NO_ADDRESS)]


async def tell(reaction: Reaction, notices: Sequence[Notice]) -> None:
    """Ask for these notifications, once each, in the reaction's transaction."""
    by_id = {notification_id(reaction.meta.event_id, each.key): each for each in notices}
    decisions: dict[UUID, Callable[[Notification], Sequence[Event]]] = {
        own_id: partial(request, own_id, notice) for own_id, notice in by_id.items()
    }
    if not decisions:
        return
    before = await reaction.append_many(NOTIFICATION, decisions)
    for own_id, notice in by_id.items():
        email = notice.recipient.email
        if before[own_id].version == 0 and email:
            await put_out(
                reaction.connection,
                own_id,
                email,
                notice.facts,
                reaction.now,
                reaction.cause().traceparent,
            )
