"""One change of address: wanted, confirmed by the owners of both, or stopped by the old one's."""

from dataclasses import dataclass, replace

from epep_events.base import Event
from epep_events.getting_in import EmailChangeConfirmed, EmailChangeRequested, EmailChangeStopped
from epep_runtime.event_store import Aggregate

BOTH = frozenset({"old", "new"})


@dataclass(frozen=True, slots=True)
class EmailChange:
    """The state of a change's stream."""

    asked: EmailChangeRequested | None = None
    confirmed: frozenset[str] = frozenset()
    stopped: bool = False

    @property
    def is_agreed(self) -> bool:
        """Tell whether both have confirmed and nobody has stopped it."""
        return self.confirmed == BOTH and not self.stopped


def evolve(change: EmailChange, event: Event) -> EmailChange:
    """Return the change after one more event."""
    match event:
        case EmailChangeRequested():
            return EmailChange(event)
        case EmailChangeConfirmed():
            return replace(change, confirmed=change.confirmed | {event.side})
        case EmailChangeStopped():
            return replace(change, stopped=True)
    return change


EMAIL_CHANGE: Aggregate[EmailChange] = Aggregate("email-change", EmailChange(), evolve)
