"""A mail's contents, before any layout."""

from dataclasses import dataclass

Details = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail's contents in order; `code` is shown large, `links` are (label, address)."""

    heading: str
    lines: tuple[str, ...]
    code: str | None = None
    details: Details = ()
    links: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = ()
