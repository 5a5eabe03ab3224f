"""How dates, times and names read on a page, in the visitor's language."""

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta

from epep_runtime.civil_time import local
from web_portal.web.language import _, written_date

DAY = "d MMMM y"
WEEKDAY = "EEEE d MMMM y"


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
    return written_date(date(found.year, found.month, found.day), DAY)


def clock(value: time) -> str:
    """Return a time as "10:30am", "2pm", "midday" or "midnight"."""
    if value.minute == 0 and value.hour in {0, 12}:
        return _("midday") if value.hour else _("midnight")
    minutes = f":{value.minute:02}" if value.minute else ""
    shown = f"{value.hour % 12 or 12}{minutes}"
    return _("%(time)spm", time=shown) if value.hour >= 12 else _("%(time)sam", time=shown)


def moment(value: str | datetime | None) -> str:
    """Return an instant as "Thursday 3 December 2026, 10:30am" in England."""
    if not value:
        return ""
    found = as_moment(value)
    words = written_date(found.date(), WEEKDAY)
    return _("%(date)s, %(time)s", date=words, time=clock(found.time()))


def short_moment(value: str | datetime | None) -> str:
    """Return an instant as "3 December 2026 at 10:30am" in England."""
    if not value:
        return ""
    found = as_moment(value)
    return _("%(date)s at %(time)s", date=day(found.date()), time=clock(found.time()))


def last_day(value: str | datetime | None) -> str:
    """Return the last day before an instant that is a midnight in England; else the instant."""
    if not value:
        return ""
    found = as_moment(value)
    return moment(found) if found.time() != time() else day(found.date() - timedelta(days=1))


def span(start: str | datetime, minutes: int) -> str:
    """Return a meeting's time as "Thursday 3 December 2026, 10:30am to 11:30am"."""
    begins = as_moment(start)
    ends = clock((begins + timedelta(minutes=minutes)).time())
    return _("%(start)s to %(end)s", start=moment(begins), end=ends)


def initials(name: str | None) -> str:
    """Return "AB" for "Anna Bell": what a page's title and a mail may say of a child."""
    return "".join(part[0].upper() for part in (name or "").split()[:3])


def pair_of(item: Mapping[str, str], first: str, second: str) -> tuple[str, str]:
    """Return two of the item's values, as a list to choose from needs them."""
    return item[first], item[second]
