"""When and where a PEP's people are to meet, as the form asks it (S47-S51), checked. Pure."""

import datetime as dt
from typing import Annotated

from pydantic import BeforeValidator, Field

from epep_events.pep import MeetingPlan
from epep_events.profile import AuthorityProfile
from epep_runtime.civil_time import SkippedTimeError, instant, local_date
from epep_runtime.language import _
from epep_runtime.problems import FieldError, InvalidError
from epep_runtime.text import Command, Line, Name, Paragraph
from pep_service.peps.answers import LocalDate

LONGEST_AHEAD = dt.timedelta(days=366)
LONGEST_AGO = dt.timedelta(days=120)
OTHER = "other"


def _clock(value: object) -> object:
    if isinstance(value, str) and len(value) == 5 and value[2] == ":":
        return value
    raise ValueError(_("Enter a time as HH:MM, like 10:30"))


LocalTime = Annotated[dt.time, BeforeValidator(_clock)]
"""A time in England as `10:30`."""


class MeetingForm(Command):
    """The meeting. `already_held` is for a PEP that is set up after its meeting was held."""

    date: LocalDate
    time: LocalTime
    duration_minutes: int = Field(default=60, ge=15, le=480, strict=True)
    place: Line | None = None
    reason: Name
    reason_detail: Paragraph | None = None
    contact_name: Line | None = None
    contact_phone: Line | None = None
    already_held: bool = Field(default=False, strict=True)


def starts_at(form: MeetingForm, now: dt.datetime) -> dt.datetime:
    """Return the instant (UTC). Raises InvalidError for a time that is past, far off or skipped.

    With `already_held` it may be up to 120 days back.
    """
    today = local_date(now)
    earliest = today - LONGEST_AGO if form.already_held else today
    if form.date < earliest:
        text = _("The meeting must be in the future.")
        if form.already_held:
            text = _("The meeting can be at most %(days)s days ago.", days=LONGEST_AGO.days)
        raise InvalidError([FieldError("meeting.date", text, "past")])
    if form.date > today + LONGEST_AHEAD:
        raise InvalidError(
            [FieldError("meeting.date", _("The meeting must be within a year."), "range")]
        )
    try:
        moment = instant(form.date, form.time)
    except SkippedTimeError as error:
        text = _("The clocks go forward over this time, so it does not exist on that day.")
        raise InvalidError([FieldError("meeting.time", text, "skipped")]) from error
    if moment <= now and not form.already_held:
        text = _("The meeting must be in the future.")
        raise InvalidError([FieldError("meeting.date", text, "past")])
    return moment


def _reason_errors(form: MeetingForm, profile: AuthorityProfile) -> list[FieldError]:
    if form.reason not in {reason.value for reason in profile.meeting_reasons}:
        return [FieldError("meeting.reason", _("Choose one of the reasons given."), "choice")]
    if form.reason == OTHER and not form.reason_detail:
        return [FieldError("meeting.reason_detail", _("Say what the reason is."), "missing")]
    return []


def plan_of(form: MeetingForm, profile: AuthorityProfile, now: dt.datetime) -> MeetingPlan:
    """Return the plan. Raises InvalidError that lists each misfit."""
    errors = _reason_errors(form, profile)
    moment = now
    try:
        moment = starts_at(form, now)
    except InvalidError as error:
        errors = [*error.errors, *errors]
    if errors:
        raise InvalidError(errors)
    return MeetingPlan(
        starts_at=moment,
        duration_minutes=form.duration_minutes,
        place=form.place or None,
        reason=form.reason,
        reason_detail=form.reason_detail or None,
        contact_name=form.contact_name or None,
        contact_phone=form.contact_phone or None,
    )
