"""What to say to somebody who has tried too often."""

from web_portal.problems import ThrottledError


def please_wait(error: ThrottledError) -> str:
    """Return how long to wait, in whole minutes."""
    return f"Too many tries. Wait {_minutes(error)} and try again"


def not_so_soon(error: ThrottledError) -> str:
    """Return how long until another mail can be sent: asking again is nobody's mistake."""
    return f"Wait {_minutes(error)} before you have another code sent: the first may still come"


def _minutes(error: ThrottledError) -> str:
    minutes = max(1, -(-(error.retry_after or 60) // 60))
    return f"{minutes} minute{'s' if minutes > 1 else ''}"
