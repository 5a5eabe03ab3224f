"""Given what has happened to a meeting, when somebody asks for more, then what is said."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID

import pytest
from pydantic import ValidationError

from epep_events.base import Event
from epep_events.meeting import (
    InvitationResponded,
    InvitedPerson,
    MeetingCancelled,
    MeetingConfirmed,
    MeetingRecordSaved,
    MeetingRescheduled,
    NextMeetingSet,
)
from epep_runtime.problems import InvalidError, RefusedError
from meeting_service.meetings import (
    cancelling,
    confirming,
    inviting,
    recording,
    rescheduling,
    setting_next,
)
from meeting_service.meetings.meeting import Meeting, evolve
from meeting_service.meetings.record import MeetingRecord, outstanding
from meeting_service.meetings.when import LocalTime, future_instant

NOW = datetime.now(UTC)


def after(meeting: Meeting, *events: Event) -> Meeting:
    for event in events:
        moved = evolve(meeting, event)
        assert moved is not None
        meeting = moved
    return meeting


def seal(invitation_id: UUID) -> str:
    return f"sealed anew for {invitation_id}"


def accepted(meeting: Meeting) -> InvitationResponded:
    return InvitationResponded(
        meeting_id=meeting.meeting_id,
        pep_id=meeting.pep_id,
        child_id=meeting.child_id,
        invitation_id=meeting.invitations[0].person.invitation_id,
        name="Person 0",
        answer="accepted",
        organiser_account_id=None,
        child_initials="A.B.",
    )


def later(days: int = 30, **more: Any) -> dict[str, Any]:
    return {"date": (NOW + timedelta(days=days)).date().isoformat(), "time": "10:30", **more}


@contextmanager
def refused(code: str) -> Iterator[None]:
    with pytest.raises(RefusedError) as refusal:
        yield
    assert refusal.value.code == code


def record(**fields: Any) -> MeetingRecord:
    return recording.SaveRecord(**fields).record({"introductions": "", "attendance": ""})


def recorded(meeting: Meeting, **fields: Any) -> Meeting:
    return after(meeting, *recording.decide(meeting, record(**fields)))


def test_a_meeting_moves_with_a_higher_sequence_and_asks_everybody_again(meeting: Meeting) -> None:
    answered = after(meeting, accepted(meeting))
    assert answered.invitations[0].answer == "accepted"
    command = rescheduling.Reschedule(**later(), why="Half term")
    [event] = rescheduling.decide(answered, command, NOW, seal)
    assert isinstance(event, MeetingRescheduled)
    assert (event.old.sequence, event.new.sequence) == (0, 1)
    assert event.new.place == "Library"
    assert [each.name for each in event.invited] == ["Person 0", "Person 1"]
    assert event.invited[0].sealed_token.startswith("sealed anew")
    moved = after(answered, event)
    assert [each.answer for each in moved.invitations] == [None, None]
    assert moved.when == event.new


def test_a_place_that_is_sent_blank_is_taken_away(meeting: Meeting) -> None:
    command = rescheduling.Reschedule(**later(place="", duration_minutes=30))
    [event] = rescheduling.decide(meeting, command, NOW, seal)
    assert isinstance(event, MeetingRescheduled)
    assert (event.new.place, event.new.duration_minutes) == (None, 30)


def test_moving_to_the_same_time_tells_nobody(meeting: Meeting) -> None:
    command = rescheduling.Reschedule(**later())
    moved = after(meeting, *rescheduling.decide(meeting, command, NOW, seal))
    assert rescheduling.decide(moved, command, NOW, seal) == []


def test_a_cancelled_meeting_is_on_again_when_it_is_rescheduled(meeting: Meeting) -> None:
    [event] = cancelling.decide(meeting, cancelling.Cancel(why="Snow"), seal)
    assert isinstance(event, MeetingCancelled)
    assert event.when.sequence == 1
    off = after(meeting, event)
    with refused("cancelled"):
        cancelling.decide(off, cancelling.Cancel(why="Snow"), seal)
    with refused("cancelled"):
        recording.decide(off, record(chair="Jo"))
    [moved] = rescheduling.decide(off, rescheduling.Reschedule(**later()), NOW, seal)
    on = after(off, moved)
    assert (on.state, on.when.sequence) == ("scheduled", 2)


def test_a_held_meeting_neither_moves_nor_is_cancelled(held: Meeting) -> None:
    ready = recorded(held, recorder="Jo", present=["Jo"])
    done = after(ready, *confirming.decide(ready, NOW))
    with refused("confirmed"):
        rescheduling.decide(done, rescheduling.Reschedule(**later()), NOW, seal)
    with refused("confirmed"):
        cancelling.decide(done, cancelling.Cancel(why="Snow"), seal)
    with refused("confirmed"):
        confirming.decide(done, NOW)
    assert recording.decide(done, record(recorder="Jo", present=["Jo"], discussion="More"))


def test_confirming_says_who_was_there(held: Meeting) -> None:
    ready = recorded(held, recorder="Jo Field", present=["Jo Field", "Sam Hill"])
    [event] = confirming.decide(ready, NOW)
    assert isinstance(event, MeetingConfirmed)
    assert (event.recorder, event.present) == ("Jo Field", ("Jo Field", "Sam Hill"))
    assert event.held_at == held.when.starts_at


def test_confirming_needs_a_recorder_and_somebody_present(held: Meeting) -> None:
    with pytest.raises(RefusedError) as refusal:
        confirming.decide(held, NOW)
    assert [(e.field, e.code) for e in refusal.value.errors] == [
        ("recorder", "mandatory"),
        ("present", "mandatory"),
    ]


def test_a_meeting_ahead_cannot_be_confirmed(meeting: Meeting) -> None:
    with refused("not-started"):
        confirming.decide(recorded(meeting, recorder="Jo", present=["Jo"]), NOW)


def test_saving_says_each_field_that_differs_and_nothing_twice(meeting: Meeting) -> None:
    page = record(chair=" Jo ", present=["Sam", "Sam"], checklist=["attendance", "introductions"])
    [event] = recording.decide(meeting, page)
    assert isinstance(event, MeetingRecordSaved)
    assert [(c.field, c.old, c.new) for c in event.changes] == [
        ("chair", None, "Jo"),
        ("present", [], ["Sam"]),
        ("checklist", [], ["introductions", "attendance"]),
    ]
    saved = after(meeting, event)
    assert saved.record == page
    assert recording.decide(saved, page) == []


def test_a_reason_for_absence_goes_when_the_child_was_there() -> None:
    page = record(child_attended="all", child_absent_reason="Ill", views_shaped_how="By asking")
    assert (page.child_absent_reason, page.views_shaped_how) == (None, None)


def test_outstanding_questions_follow_from_the_answers() -> None:
    full = {"chair": "J", "recorder": "J", "present": ["J"], "discussion": "Well"}
    page = record(**full, child_attended="no", views_shaped="yes")
    assert [field for field, _ in outstanding(page)] == ["child_absent_reason", "views_shaped_how"]
    done = record(
        **full,
        child_attended="no",
        child_absent_reason="Ill",
        views_shaped="yes",
        views_shaped_how="By asking",
    )
    assert outstanding(done) == []


def test_the_checklist_is_the_profiles() -> None:
    with pytest.raises(InvalidError) as refusal:
        record(checklist=["astrology"])
    assert refusal.value.errors[0].field == "checklist"


def test_the_next_meeting_is_set_and_changed(meeting: Meeting) -> None:
    command = setting_next.SetNext(**later(90, place="School", invitations_sent_by="Jo"))
    [event] = setting_next.decide(meeting, command, NOW)
    assert isinstance(event, NextMeetingSet)
    agreed = after(meeting, event)
    assert setting_next.decide(agreed, command, NOW) == []
    assert setting_next.decide(agreed, setting_next.SetNext(**later(91)), NOW)


def test_the_next_meeting_is_after_this_one(meeting: Meeting) -> None:
    with pytest.raises(InvalidError) as refusal:
        setting_next.decide(meeting, setting_next.SetNext(**later(5)), NOW)
    assert (refusal.value.errors[0].field, refusal.value.errors[0].code) == ("date", "too_early")


def someone(meeting: Meeting, **more: Any) -> InvitedPerson:
    known = {"account_id": None, "email": "new@example.org", "name": "New", "role": "guest"}
    return InvitedPerson(invitation_id=UUID(int=1), sealed_token="s", **{**known, **more})


def test_nobody_is_invited_twice(meeting: Meeting) -> None:
    assert inviting.decide(meeting, someone(meeting), NOW)
    for again in ({"email": "p0@example.org"}, {"account_id": UUID(int=201)}):
        with refused("already-invited"):
            inviting.decide(meeting, someone(meeting, **again), NOW)


def test_inviting_ends_when_the_meeting_starts_and_at_forty(
    meeting: Meeting, held: Meeting
) -> None:
    with refused("started"):
        inviting.decide(held, someone(held), NOW)
    crowd = replace(meeting, invitations=meeting.invitations[:1] * 40)
    with refused("too-many-invited"):
        inviting.decide(crowd, someone(crowd), NOW)


@pytest.mark.parametrize(
    ("day", "clock", "field", "code"),
    [
        (date(2026, 11, 22), time(9), "date", "past"),
        (date(2026, 11, 23), time(11, 59), "date", "past"),
        (date(2029, 1, 1), time(9), "date", "too_far"),
        (date(9999, 12, 31), time(9), "date", "too_far"),
        (date(1, 1, 1), time(0), "date", "past"),
        (date(2027, 3, 28), time(1, 30), "time", "skipped"),
    ],
)
def test_times_that_cannot_be(day: date, clock: time, field: str, code: str) -> None:
    now = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
    with pytest.raises(InvalidError) as refusal:
        future_instant(day, clock, now, "proposed.")
    error = refusal.value.errors[0]
    assert (error.field, error.code) == (f"proposed.{field}", code)


def test_summer_time_is_an_hour_ahead_of_utc() -> None:
    now = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
    moment = future_instant(date(2027, 6, 1), time(10, 30), now)
    assert moment == datetime(2027, 6, 1, 9, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    "bad",
    [
        {"date": "2026-02-30"},
        {"date": "٢٠٢٦-01-01"},
        {"date": 1},
        {"date": "2026-12-03T00:00:00"},
        {"time": "24:00"},
        {"time": "9:30"},
        {"time": "10:30:00"},
        {"time": 600},
    ],
)
def test_dates_and_times_are_plain(bad: dict[str, Any]) -> None:
    good = {"date": "2026-12-03", "time": "10:30"}
    assert LocalTime(**good).time == time(10, 30)
    with pytest.raises(ValidationError):
        LocalTime(**{**good, **bad})


@pytest.mark.parametrize("minutes", [14, 481, 60.0, "60", True])
def test_a_meeting_lasts_from_15_minutes_to_8_hours(minutes: Any) -> None:
    with pytest.raises(ValidationError):
        rescheduling.Reschedule(**later(duration_minutes=minutes))
