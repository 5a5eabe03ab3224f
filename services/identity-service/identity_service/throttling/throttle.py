"""How long somebody who keeps failing must wait: pure arithmetic."""

from dataclasses import dataclass
from datetime import datetime, timedelta

NO_WAIT = timedelta(0)


@dataclass(frozen=True, slots=True)
class Rule:
    """`free` failures within `window` of the first; each one from there doubles the wait."""

    free: int
    window: timedelta
    first_block: timedelta = timedelta(minutes=1)
    longest_block: timedelta = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Failures:
    """Failures counted so far. A block ends by itself: nobody is locked out for good."""

    count: int = 0
    first_at: datetime | None = None
    blocked_until: datetime | None = None


def wait(failures: Failures, now: datetime) -> timedelta:
    """Return how long the next try must wait; zero when it need not."""
    if failures.blocked_until is None or failures.blocked_until <= now:
        return NO_WAIT
    return failures.blocked_until - now


def one_more(failures: Failures, rule: Rule, now: datetime) -> Failures:
    """Count a failure. The one that uses up the free ones blocks, each later one twice as long."""
    if failures.first_at is None or now - failures.first_at >= rule.window:
        failures = Failures(first_at=now)
    count = failures.count + 1
    return Failures(count, failures.first_at, _blocked_until(count, rule, now))


def one_less(failures: Failures, taken: Failures, rule: Rule) -> Failures:
    """Take back a failure that was counted, as `taken`, before it was known to be none.

    The wait that it began goes with it. One that another has begun meanwhile stays: who knows a
    password would else guess codes for as long as they log in beside it, and never wait.
    """
    count = max(0, failures.count - 1)
    is_its_own = failures.blocked_until == taken.blocked_until
    kept = None if is_its_own or count < rule.free else failures.blocked_until
    return Failures(count, failures.first_at, kept)


def _blocked_until(count: int, rule: Rule, now: datetime) -> datetime | None:
    if count < rule.free:
        return None
    doublings = 1 << min(count - rule.free, 32)
    return now + min(rule.first_block * doublings, rule.longest_block)
