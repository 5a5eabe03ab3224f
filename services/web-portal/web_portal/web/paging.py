"""Page numbers in addresses."""

LAST_PAGE = 100_000


def page_number(text: str | None) -> int:
    """Return the page that an address asks for; the first one where it asks for none."""
    if text is None or not text.isdecimal() or not text.isascii():
        return 1
    return min(max(int(text[:8]), 1), LAST_PAGE)
