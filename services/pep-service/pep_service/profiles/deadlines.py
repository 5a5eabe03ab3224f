"""Deadlines in calendar or working days (domain 2.2; D10-D12).

The day something happens is day 0; a deadline is the end of the nth day after it. A working day is
any day but Saturday, Sunday and the public holidays of England.
"""

from datetime import date, timedelta
from functools import lru_cache

import holidays

from epep_events.profile import Period

SATURDAY = 5


@lru_cache(maxsize=256)
def holidays_of(year: int) -> frozenset[date]:
    """Return England's bank holidays, Good Friday and Christmas Day of a year, with substitutes."""
    return frozenset(holidays.country_holidays("GB", subdiv="ENG", years=year))


def is_working_day(day: date) -> bool:
    """Tell whether people work on that day in England."""
    return day.weekday() < SATURDAY and day not in holidays_of(day.year)


def deadline(start: date, period: Period) -> date:
    """Return the last day of a period that begins on `start` (which counts as day 0)."""
    if period.unit == "calendar_days":
        return start + timedelta(days=period.n)
    day, left = start, period.n
    while left > 0:
        day += timedelta(days=1)
        left -= is_working_day(day)
    return day


def completion_due(rule: Period | None, meeting_on: date | None) -> date | None:
    """Return by when a PEP must be complete after its meeting (S46), or None where no rule says."""
    if rule is None or meeting_on is None:
        return None
    return deadline(meeting_on, rule)


def rule_text(rule: Period | None) -> str | None:
    """Return the rule in words, for the form: `7 days after the meeting`."""
    if rule is None:
        return None
    unit = "working day" if rule.unit == "working_days" else "day"
    return f"{rule.n} {unit}{'' if rule.n == 1 else 's'} after the meeting"
