"""Moments as an operator types them. Pure."""

from datetime import UTC, date, datetime, time, timedelta

from epep_runtime.civil_time import SkippedTimeError, instant


def moment(text: str) -> datetime:
    """Return the instant that a text means: a day (its end in England), or a day and a time.

    `2026-11-20`, `2026-11-20T10:30`, `2026-11-20T10:30:00+00:00`; a time without an offset is
    England's. Raises ValueError.
    """
    if len(text) == len("2026-11-20"):
        after = date.fromisoformat(text) + timedelta(days=1)
        return instant(after, time(0, 0)) - timedelta(microseconds=1)
    found = datetime.fromisoformat(text)
    if found.tzinfo is not None:
        return found.astimezone(UTC)
    try:
        whole = instant(found.date(), found.time().replace(second=0, microsecond=0))
    except SkippedTimeError as error:
        raise ValueError(f"{text} did not exist: the clocks went forward") from error
    return whole + timedelta(seconds=found.second, microseconds=found.microsecond)
