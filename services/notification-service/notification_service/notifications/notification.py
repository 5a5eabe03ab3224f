"""One notification: asked for once, and then what became of it."""

from dataclasses import dataclass, replace
from typing import Literal
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
from epep_runtime.event_store import Aggregate
from epep_runtime.ids import derived_id


@dataclass(frozen=True, slots=True)
class Notification:
    """How far a notification has come; `asked` is what was to be said to whom."""

    state: Literal["none", "requested", "sent", "failed", "held", "unmailed", "gathered"] = "none"
    asked: NotificationRequested | None = None


@dataclass(frozen=True, slots=True)
class Reached:
    """Where a mail went, or was to go, when it was handed over; that may not be where it was
    addressed at first: two accounts became one, or an address has changed."""

    account_id: UUID | None
    email: str


def evolve(state: Notification, event: Event) -> Notification:
    """Return the state after one event of the notification's stream."""
    match event:
        case NotificationRequested():
            return Notification("requested", event)
        case NotificationSent():
            return replace(state, state="sent")
        case NotificationFailed():
            return replace(state, state="failed")
        case NotificationHeld():
            return replace(state, state="held")
        case NotificationLeftUnmailed():
            return replace(state, state="unmailed")
        case NotificationGathered():
            return replace(state, state="gathered")
    return state


NOTIFICATION = Aggregate("notification", Notification(), evolve)


def notification_id(event_id: UUID, recipient: object) -> UUID:
    """Return the one id of what is said to a recipient because of an event, however often read."""
    return derived_id("notification", event_id, recipient)


def message_id(notification: UUID, domain: str) -> str:
    """Return the mail's Message-ID, the same at every try, so that a reader can drop a double."""
    return f"<{notification}@{domain}>"
