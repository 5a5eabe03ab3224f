"""Words and times as people say them."""

import unicodedata
from datetime import datetime, timedelta

from epep_runtime.civil_time import local


def one_line(text: str) -> str:
    """Return the text on one line, without characters that could begin another header."""
    kept = "".join(" " if unicodedata.category(each)[0] in "CZ" else each for each in text)
    return " ".join(kept.split())


def clock(moment: datetime) -> str:
    """Return England's time of an instant: "10am", "10:30am", "midday", "midnight"."""
    there = local(moment)
    if there.minute == 0 and there.hour in {0, 12}:
        return "midday" if there.hour else "midnight"
    hour = there.hour % 12 or 12
    half = "am" if there.hour < 12 else "pm"
    return f"{hour}:{there.minute:02}{half}" if there.minute else f"{hour}{half}"


def day(moment: datetime) -> str:
    """Return England's date of an instant: "Thursday 3 December 2026"."""
    there = local(moment)
    return f"{there:%A} {there.day} {there:%B} {there.year}"


def day_and_time(moment: datetime) -> str:
    """Return "Thursday 3 December 2026 at 10:30am"."""
    return f"{day(moment)} at {clock(moment)}"


def short_day_and_time(moment: datetime) -> str:
    """Return "Thursday 3 December, 10:30am"."""
    there = local(moment)
    return f"{there:%A} {there.day} {there:%B}, {clock(moment)}"


def span(start: datetime, minutes: int) -> str:
    """Return "Thursday 3 December 2026, 10:30am to 11:30am"; names the second day if another."""
    end = start + timedelta(minutes=minutes)
    if local(end).date() == local(start).date():
        return f"{day(start)}, {clock(start)} to {clock(end)}"
    return f"{day_and_time(start)} to {day_and_time(end)}"
