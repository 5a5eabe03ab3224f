"""What became of a notification, decided from its own history."""

from collections.abc import Callable, Sequence
from uuid import UUID

from epep_events.base import Event
from epep_events.notification import (
    NotificationFailed,
    NotificationGathered,
    NotificationHeld,
    NotificationLeftUnmailed,
    NotificationRequested,
    NotificationSent,
)
from notification_service.notifications.notification import Notification, Reached

WITHDRAWN = "The invitation was withdrawn before its email went out: another takes its place."
Outcome = Callable[[Notification], Sequence[Event]]


def _known(state: Notification) -> NotificationRequested:
    if state.asked is None:
        raise ValueError("a notification that was never asked for has no outcome")
    return state.asked


def _to(asked: NotificationRequested, to: Reached | None) -> NotificationRequested:
    """Return what was asked for as it came to be addressed: what became of it is told of that."""
    if to is None:
        return asked
    return asked.model_copy(update={"account_id": to.account_id, "email": to.email})


def sent(message_id: str, to: Reached | None = None) -> Outcome:
    """Return the decision that the mail server took it.

    `to` is where it went. That may become known after it was held: a worker that had lost touch
    with the database says so when it is back.
    """

    def decide(state: Notification) -> Sequence[Event]:
        asked = _to(_known(state), to)
        if state.state not in {"requested", "held"}:
            return []
        return [
            NotificationSent(
                notification_id=asked.notification_id,
                kind=asked.kind,
                account_id=asked.account_id,
                email=asked.email,
                name=asked.name,
                message_id=message_id,
                pep_id=asked.pep_id,
                meeting_id=asked.meeting_id,
                invitation_id=asked.invitation_id,
            )
        ]

    return decide


def failed(why: str, to: Reached | None = None) -> Outcome:
    """Return the decision that it will never arrive; `why` is a sentence for the organiser."""

    def decide(state: Notification) -> Sequence[Event]:
        asked = _known(state)
        if state.state not in {"requested", "held"}:
            return []
        return [failure(_to(asked, to), why)]

    return decide


def failure(asked: NotificationRequested, why: str) -> NotificationFailed:
    """Return the event that says why a notification failed."""
    return NotificationFailed(
        notification_id=asked.notification_id,
        kind=asked.kind,
        account_id=asked.account_id,
        email=asked.email,
        name=asked.name,
        why=why,
        pep_id=asked.pep_id,
        meeting_id=asked.meeting_id,
        invitation_id=asked.invitation_id,
    )


def left_unmailed(asked: NotificationRequested, account_id: UUID) -> NotificationLeftUnmailed:
    """Return the event that says that a person reads a notification in the portal only."""
    return NotificationLeftUnmailed(
        notification_id=asked.notification_id,
        kind=asked.kind,
        account_id=account_id,
        name=asked.name,
        pep_id=asked.pep_id,
        meeting_id=asked.meeting_id,
    )


def unmailed(state: Notification) -> Sequence[Event]:
    """Decide that its person reads it in ePEP only, for they have switched mails of the kind off
    while this one waited, or have the same by another mail since two accounts became one."""
    asked = _known(state)
    if state.state != "requested" or asked.account_id is None:
        return []
    return [left_unmailed(asked, asked.account_id)]


def gathered(digest_id: UUID) -> Outcome:
    """Return the decision that its person reads of it in that mail of the day."""

    def decide(state: Notification) -> Sequence[Event]:
        asked = _known(state)
        if state.state != "requested" or asked.account_id is None:
            return []
        return [
            NotificationGathered(
                notification_id=asked.notification_id,
                kind=asked.kind,
                account_id=asked.account_id,
                name=asked.name,
                digest_id=digest_id,
                pep_id=asked.pep_id,
                meeting_id=asked.meeting_id,
            )
        ]

    return decide


def held(message_id: str, to: Reached | None = None) -> Outcome:
    """Return the decision that nobody can know whether the mail server took it."""

    def decide(state: Notification) -> Sequence[Event]:
        asked = _to(_known(state), to)
        if state.state != "requested":
            return []
        return [
            NotificationHeld(
                notification_id=asked.notification_id,
                kind=asked.kind,
                account_id=asked.account_id,
                email=asked.email,
                name=asked.name,
                message_id=message_id,
                pep_id=asked.pep_id,
                meeting_id=asked.meeting_id,
                invitation_id=asked.invitation_id,
            )
        ]

    return decide
