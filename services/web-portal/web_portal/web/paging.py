"""Page numbers in addresses."""

LAST_PAGE = 10_000
"""What every service takes; no list has as many."""


def page_number(text: str | None) -> int:
    """Return the page that an address asks for; the first one where it asks for none."""
    if text is None or not text.isdecimal() or not text.isascii():
        return 1
    return min(max(int(text[:8]), 1), LAST_PAGE)
