"""Which events there are, and how an old version becomes the newest."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from epep_events.base import Event

Document = dict[str, Any]
Upcaster = Callable[[Document], Document]


class UnknownEventError(Exception):
    """The type is not in the catalog, or its version is newer than this program knows."""


class Catalog:
    """The closed list of event types a program can read, with their upcasters.

    Raises ValueError at construction for two events of one name or a gap in the versions.
    """

    def __init__(
        self,
        events: Iterable[type[Event]],
        upcasters: Mapping[tuple[str, int], Upcaster] | None = None,
    ) -> None:
        self._types: dict[str, type[Event]] = {}
        self._upcasters = dict(upcasters or {})
        for event in events:
            if event.type_name() in self._types:
                raise ValueError(f"two events are called {event.type_name()}")
            self._types[event.type_name()] = event
        self._refuse_gaps()

    def _refuse_gaps(self) -> None:
        for name, event in self._types.items():
            for version in range(1, event.schema_version):
                if (name, version) not in self._upcasters:
                    raise ValueError(f"{name} has no upcaster from version {version}")

    def types(self) -> tuple[type[Event], ...]:
        """Return every event type, in the order given."""
        return tuple(self._types.values())

    def type_of(self, name: str, version: int) -> type[Event]:
        """Return the event type. Raises UnknownEventError for a type or version not known here."""
        event = self._types.get(name)
        if event is None or version > event.schema_version or version < 1:
            raise UnknownEventError(f"{name} version {version} is not known here")
        return event

    def read(self, name: str, version: int, document: Document) -> Event:
        """Build the event from its stored document, upcasting it to the newest version.

        Raises UnknownEventError for a type or version this program does not know.
        """
        event = self.type_of(name, version)
        for step in range(version, event.schema_version):
            document = self._upcasters[(name, step)](document)
        return event.model_validate(document)
