"""Dates and times as people give them, in England's clock, and the instants they mean."""

import re
from datetime import date, datetime, time, timedelta
from typing import Annotated

from pydantic import BeforeValidator, Field

from epep_runtime.civil_time import SkippedTimeError, instant, local_date
from epep_runtime.language import _
from epep_runtime.problems import FieldError, InvalidError
from epep_runtime.text import Command

DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
CLOCK = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]")
SHORTEST_MINUTES, LONGEST_MINUTES = 15, 480
FURTHEST = timedelta(days=2 * 366)


def _day(value: object) -> date:
    if isinstance(value, str) and DATE.fullmatch(value):
        try:
            return date.fromisoformat(value)
        except ValueError:
            pass
    raise ValueError(_("Enter a real date, like 2026-12-03."))


def _clock(value: object) -> time:
    if isinstance(value, str) and CLOCK.fullmatch(value):
        return time.fromisoformat(value)
    raise ValueError(_("Enter a time of the 24-hour clock, like 10:30."))


def _minutes(value: object) -> int:
    if type(value) is int and SHORTEST_MINUTES <= value <= LONGEST_MINUTES:
        return value
    raise ValueError(_("Enter a length in minutes from 15 to 480."))


Day = Annotated[date, BeforeValidator(_day), Field(examples=["2026-12-03"])]
"""A date of the calendar, ISO 8601."""

Clock = Annotated[
    time,
    BeforeValidator(_clock, json_schema_input_type=str),
    Field(examples=["10:30"]),
]
"""Hours and minutes in England (Europe/London)."""

Minutes = Annotated[
    int,
    BeforeValidator(_minutes),
    Field(ge=SHORTEST_MINUTES, le=LONGEST_MINUTES, examples=[60]),
]
"""How long a meeting lasts: 15 to 480 minutes."""


class LocalTime(Command):
    """A date and time in England."""

    date: Day
    time: Clock


def future_instant(day: date, clock: time, now: datetime, within: str = "") -> datetime:
    """Return the UTC instant of a date and time that must lie ahead, by two years at most.

    `within` is put before the fields' names ("proposed."). Raises InvalidError with the codes
    `past`, `too_far` (field date) or `skipped` (field time: the clocks go forward over it).
    """
    if day < local_date(now):
        raise InvalidError([FieldError(f"{within}date", _("This date is in the past."), "past")])
    if day > local_date(now) + FURTHEST:
        message = _("This date is more than two years ahead.")
        raise InvalidError([FieldError(f"{within}date", message, "too_far")])
    try:
        moment = instant(day, clock)
    except SkippedTimeError as error:
        message = _("The clocks go forward over this time on that day: choose another.")
        raise InvalidError([FieldError(f"{within}time", message, "skipped")]) from error
    if moment <= now:
        raise InvalidError([FieldError(f"{within}date", _("This time is in the past."), "past")])
    return moment
