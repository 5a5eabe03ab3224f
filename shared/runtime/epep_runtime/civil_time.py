"""The clock on the wall in England: local dates and times to instants, and back."""

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

LONDON = ZoneInfo("Europe/London")


class SkippedTimeError(ValueError):
    """The clocks go forward over this time: it does not exist on that day."""


def instant(day: date, clock: time) -> datetime:
    """Return the UTC instant of a local date and time.

    In the hour that happens twice in autumn, the first is meant. Raises SkippedTimeError in the
    hour that spring skips.
    """
    local = datetime.combine(day, clock, tzinfo=LONDON)
    back = local.astimezone(UTC).astimezone(LONDON)
    if back.replace(tzinfo=None) != local.replace(tzinfo=None):
        raise SkippedTimeError(f"{clock:%H:%M} does not exist on {day:%d/%m/%Y}")
    return local.astimezone(UTC)


def local_date(moment: datetime) -> date:
    """Return the date in England at that instant."""
    return moment.astimezone(LONDON).date()


def local(moment: datetime) -> datetime:
    """Return the same instant with England's clock."""
    return moment.astimezone(LONDON)
