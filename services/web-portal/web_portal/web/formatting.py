"""How dates, times and names read on a page."""

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta

from epep_runtime.civil_time import local

MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def as_moment(value: str | datetime) -> datetime:
    """Return the instant in England's clock. Raises ValueError for what is no instant."""
    moment = value if isinstance(value, datetime) else datetime.fromisoformat(value)
    return local(moment)


def day(value: str | date | None) -> str:
    """Return a date as "3 December 2026"; an instant as its date in England; nothing as ""."""
    if not value:
        return ""
    if isinstance(value, str) and len(value) > len("2026-12-03"):
        value = as_moment(value)
    found = date.fromisoformat(value) if isinstance(value, str) else value
    return f"{found.day} {MONTHS[found.month - 1]} {found.year}"


def clock(value: time) -> str:
    """Return a time as "10:30am", "2pm", "midday" or "midnight"."""
    if value.minute == 0 and value.hour in {0, 12}:
        return "midday" if value.hour else "midnight"
    minutes = f":{value.minute:02}" if value.minute else ""
    return f"{value.hour % 12 or 12}{minutes}{'pm' if value.hour >= 12 else 'am'}"


def moment(value: str | datetime | None) -> str:
    """Return an instant as "Thursday 3 December 2026, 10:30am" in England."""
    if not value:
        return ""
    found = as_moment(value)
    return f"{DAYS[found.weekday()]} {day(found.date())}, {clock(found.time())}"


def short_moment(value: str | datetime | None) -> str:
    """Return an instant as "3 December 2026 at 10:30am" in England."""
    if not value:
        return ""
    found = as_moment(value)
    return f"{day(found.date())} at {clock(found.time())}"


def last_day(value: str | datetime | None) -> str:
    """Return the last day before an instant that is a midnight in England; else the instant."""
    if not value:
        return ""
    found = as_moment(value)
    return moment(found) if found.time() != time() else day(found.date() - timedelta(days=1))


def span(start: str | datetime, minutes: int) -> str:
    """Return a meeting's time as "Thursday 3 December 2026, 10:30am to 11:30am"."""
    begins = as_moment(start)
    return f"{moment(begins)} to {clock((begins + timedelta(minutes=minutes)).time())}"


def initials(name: str | None) -> str:
    """Return "AB" for "Anna Bell": what a page's title and a mail may say of a child."""
    return "".join(part[0].upper() for part in (name or "").split()[:3])


def plural(count: int, one: str, many: str | None = None) -> str:
    """Return the count with its noun: "1 change", "2 changes"."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def pair_of(item: Mapping[str, str], first: str, second: str) -> tuple[str, str]:
    """Return two of the item's values, as a list to choose from needs them."""
    return item[first], item[second]
