"""The five contexts, their topics and the catalog of everything they say."""

from epep_events import access, getting_in, identity, meeting, notification, operations, pep, qa
from epep_events.base import Event
from epep_events.catalog import Catalog
from epep_events.upcasters import UPCASTERS

EVENTS_BY_CONTEXT: dict[str, tuple[type[Event], ...]] = {
    "pep": pep.EVENTS + access.EVENTS + operations.EVENTS,
    "meeting": (*meeting.EVENTS, access.RecordOpened, *operations.EVENTS),
    "notification": notification.EVENTS + operations.EVENTS,
    "qa": (*qa.EVENTS, access.RecordOpened, *operations.EVENTS),
    "identity": identity.EVENTS + getting_in.EVENTS + operations.EVENTS,
}


def catalog() -> Catalog:
    """Return the catalog of every published event."""
    return Catalog(
        dict.fromkeys(event for events in EVENTS_BY_CONTEXT.values() for event in events),
        UPCASTERS,
    )
