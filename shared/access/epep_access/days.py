"""First and last days, as people say them, and the instants that they mean."""

from datetime import date, datetime, time, timedelta

from epep_runtime.civil_time import instant

MIDNIGHT = time(0)


def start_of(day: date | None, said_at: datetime) -> datetime:
    """Return when something begins that has this first day in England; None is when it was said."""
    return said_at if day is None else instant(day, MIDNIGHT)


def end_of(day: date | None) -> datetime | None:
    """Return when something is over that has this last day in England; None is never.

    The calendar's last day, 31 December 9999, is how some say "never": no day comes after it.
    """
    if day is None or day == date.max:
        return None
    return instant(day + timedelta(days=1), MIDNIGHT)
