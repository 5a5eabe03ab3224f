"""What to say to somebody who has tried too often."""

from web_portal.problems import ThrottledError
from web_portal.web.language import ngettext


def please_wait(error: ThrottledError) -> str:
    """Return how long to wait, in whole minutes."""
    return ngettext(
        "Too many tries. Wait %(num)s minute and try again",
        "Too many tries. Wait %(num)s minutes and try again",
        _minutes(error),
    )


def not_so_soon(error: ThrottledError) -> str:
    """Return how long until another mail can be sent: asking again is nobody's mistake."""
    return ngettext(
        "Wait %(num)s minute before you have another code sent: the first may still come",
        "Wait %(num)s minutes before you have another code sent: the first may still come",
        _minutes(error),
    )


def _minutes(error: ThrottledError) -> int:
    return max(1, -(-(error.retry_after or 60) // 60))
