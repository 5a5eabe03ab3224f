"""Words and times as people say them, in the language of the mail that is being written."""

import unicodedata
from datetime import datetime, timedelta

from epep_runtime.civil_time import local
from epep_runtime.language import written_date
from notification_service.mails.language import _

DAY = "EEEE d MMMM y"
DAY_OF_THIS_YEAR = "EEEE d MMMM"


def one_line(text: str) -> str:
    """Return the text on one line, without characters that could begin another header."""
    kept = "".join(" " if unicodedata.category(each)[0] in "CZ" else each for each in text)
    return " ".join(kept.split())


def clock(moment: datetime) -> str:
    """Return England's time of an instant: "10am", "10:30am", "midday", "midnight"."""
    there = local(moment)
    if there.minute == 0 and there.hour in {0, 12}:
        return _("midday") if there.hour else _("midnight")
    minutes = f":{there.minute:02}" if there.minute else ""
    shown = f"{there.hour % 12 or 12}{minutes}"
    return _("%(time)sam", time=shown) if there.hour < 12 else _("%(time)spm", time=shown)


def day(moment: datetime) -> str:
    """Return England's date of an instant: "Thursday 3 December 2026"."""
    return written_date(local(moment).date(), DAY)


def day_and_time(moment: datetime) -> str:
    """Return "Thursday 3 December 2026 at 10:30am"."""
    return _("%(day)s at %(time)s", day=day(moment), time=clock(moment))


def short_day_and_time(moment: datetime) -> str:
    """Return "Thursday 3 December, 10:30am"."""
    words = written_date(local(moment).date(), DAY_OF_THIS_YEAR)
    return _("%(day)s, %(time)s", day=words, time=clock(moment))


def span(start: datetime, minutes: int) -> str:
    """Return "Thursday 3 December 2026, 10:30am to 11:30am"; names the second day if another."""
    end = start + timedelta(minutes=minutes)
    if local(end).date() == local(start).date():
        return _(
            "%(day)s, %(start)s to %(end)s", day=day(start), start=clock(start), end=clock(end)
        )
    return _("%(start)s to %(end)s", start=day_and_time(start), end=day_and_time(end))
