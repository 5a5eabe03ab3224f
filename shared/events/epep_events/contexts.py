"""The five contexts, their topics and the catalog of everything they say."""

from epep_events import identity, meeting, notification, pep, qa
from epep_events.base import Event
from epep_events.catalog import Catalog

EVENTS_BY_CONTEXT: dict[str, tuple[type[Event], ...]] = {
    "pep": pep.EVENTS,
    "meeting": meeting.EVENTS,
    "notification": notification.EVENTS,
    "qa": qa.EVENTS,
    "identity": identity.EVENTS,
}


def catalog() -> Catalog:
    """Return the catalog of every published event."""
    return Catalog(event for events in EVENTS_BY_CONTEXT.values() for event in events)
