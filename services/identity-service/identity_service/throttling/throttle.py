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


def one_less(failures: Failures) -> Failures:
    """Take back a failure that was counted before it was known to be none."""
    return Failures(max(0, failures.count - 1), failures.first_at, None)


def _blocked_until(count: int, rule: Rule, now: datetime) -> datetime | None:
    if count < rule.free:
        return None
    doublings = 1 << min(count - rule.free, 32)
    return now + min(rule.first_block * doublings, rule.longest_block)
