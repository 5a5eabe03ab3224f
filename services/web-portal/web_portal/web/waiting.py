"""What to say to somebody who has tried too often."""

from web_portal.problems import ThrottledError


def please_wait(error: ThrottledError) -> str:
    """Return how long to wait, in whole minutes."""
    minutes = max(1, -(-(error.retry_after or 60) // 60))
    return f"Too many tries. Wait {minutes} minute{'s' if minutes > 1 else ''} and try again"
