"""Days that the demo needs: school years, working days, and times at which people do meet."""

from datetime import date, time, timedelta
from functools import cache

import holidays

from epep_demo.choosing import number


def school_year(today: date) -> int:
    """Return the calendar year in which the school year of `today` began (1 September)."""
    return today.year if today.month >= 9 else today.year - 1


def year_group(born: date, today: date) -> int:
    """Return the national curriculum year (Reception 0) of a child born on `born`."""
    cohort = born.year if born.month >= 9 else born.year - 1
    return school_year(today) - cohort - 5


def birthday_for(year: int, today: date, *key: object) -> date:
    """Return a date of birth in the cohort that is in this national curriculum year today."""
    first = date(school_year(today) - year - 5, 9, 1)
    return first + timedelta(days=number(0, 364, "born", *key))


@cache
def _bank_holidays(year: int) -> frozenset[date]:
    return frozenset(holidays.country_holidays("GB", subdiv="ENG", years=year))


def is_working_day(day: date) -> bool:
    """Say whether England works on this day."""
    return day.weekday() < 5 and day not in _bank_holidays(day.year)


def working_day(today: date, n: int) -> date:
    """Return the n-th working day after `today` (before it, where n is negative; never today)."""
    step = timedelta(days=1 if n > 0 else -1)
    day, left = today, abs(n)
    while left:
        day += step
        left -= is_working_day(day)
    return day


def meeting_time(*key: object) -> time:
    """Return a time from 09:00 to 15:30, on the hour or half past, but not over lunch."""
    half_hours = [n for n in range(18, 32) if n not in {24, 25}]
    slot = half_hours[number(0, len(half_hours) - 1, "time", *key)]
    return time(slot // 2, 30 * (slot % 2))


def next_term_day(meeting: date, *key: object) -> date:
    """Return a working day about a term (12 to 14 weeks) after a meeting."""
    day = meeting + timedelta(weeks=12, days=number(0, 13, "next", *key))
    return day if is_working_day(day) else working_day(day, 1)


def term_name(day: date) -> str:
    """Return the term of a day: autumn from September, spring from January, summer from Easter."""
    if day.month >= 9:
        return "autumn"
    return "spring" if day.month < 4 else "summer"
