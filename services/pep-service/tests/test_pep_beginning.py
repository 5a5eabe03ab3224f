"""How a PEP begins, by hand and after a sign-off, and what it hears of its meeting and review."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from pydantic import ValidationError

from epep_events.meeting import NextMeetingSet
from epep_events.pep import (
    Invitee,
    MeetingConfirmationNoted,
    MeetingTimeNoted,
    NextMeetingNoted,
    PEPInitiated,
    PEPReturned,
    PEPSignedOff,
    QAOutcomeNoted,
)
from epep_events.qa import QAPublished
from epep_runtime.problems import InvalidError, RefusedError
from pep_service.children.child import Child
from pep_service.peps import generating_next, hearing
from pep_service.peps.initiating import Circumstances, InitiatePEP, decide
from pep_service.peps.inviting import KnownPerson
from pep_service.peps.own_log import KnownPEP
from pep_service.peps.pep import PEP
from pep_service.peps.signing_off import signed_off

NOW = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
SALLY, DEE = UUID(int=1), UUID(int=2)
PEOPLE = {
    SALLY: KnownPerson(SALLY, "Sally Worker", "sally@example.org", "social_worker"),
    DEE: KnownPerson(DEE, "Dee Teacher", "dee@example.org", "designated_teacher"),
}
CHILD = Child(
    child_id=UUID(int=9),
    social_care_id="C0001",
    first_name="Maya",
    last_name="Okafor",
    date_of_birth=date(2014, 9, 1),
)


def command(invitees: Any = (), kind: str = "review", **meeting: Any) -> InitiatePEP:
    when = {"date": "2026-11-20", "time": "10:30", "reason": "initial"}
    return InitiatePEP.model_validate(
        {"kind": kind, "meeting": when | meeting, "invitees": list(invitees)}
    )


def begin(
    story: Any, told: InitiatePEP | None = None, child: Child = CHILD, peps: Any = ()
) -> PEPInitiated:
    known = Circumstances(child, list(peps), PEOPLE, story.profile)
    [event] = decide(PEP(), story.pep_id, told or command(), known, NOW)
    assert isinstance(event, PEPInitiated)
    return event


def refusal(story: Any, **more: Any) -> tuple[str, str]:
    with pytest.raises((InvalidError, RefusedError)) as caught:
        begin(story, **more)
    return caught.value.errors[0].field, caught.value.errors[0].code


def test_year_group_key_stage_and_variant_are_fixed_on_the_day(either: Any) -> None:
    event = begin(either)
    assert (event.year_group, event.key_stage, event.variant) == (7, "KS3", "school_age")
    older = begin(either, child=replace(CHILD, date_of_birth=date(2014, 8, 31)))
    assert older.year_group == 8
    assert (event.child_initials, event.initiated_on) == ("MO", date(2026, 11, 2))
    assert (event.profile_code, event.profile_version) == (
        either.profile.code,
        either.profile.version,
    )


def test_reception_is_early_years_in_birmingham_only(birmingham: Any, northvale: Any) -> None:
    small = replace(CHILD, date_of_birth=date(2022, 1, 5))
    variants = [begin(story, child=small).variant for story in (birmingham, northvale)]
    assert variants == ["early_years", "school_age"]


def test_completion_is_due_by_the_authoritys_rule_d12(birmingham: Any, northvale: Any) -> None:
    assert begin(birmingham).completion_due is None
    assert begin(northvale).completion_due == date(2026, 11, 27)


def test_times_are_englands(either: Any) -> None:
    summer = begin(either, command(date="2027-06-01", time="10:30"))
    assert summer.meeting is not None
    assert summer.meeting.starts_at == datetime(2027, 6, 1, 9, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("meeting", "error"),
    [
        ({"date": "2026-11-01"}, ("meeting.date", "past")),
        ({"date": "2026-11-02", "time": "08:59"}, ("meeting.date", "past")),
        ({"date": "2027-11-04"}, ("meeting.date", "range")),
        ({"date": "9999-12-31"}, ("meeting.date", "range")),
        ({"date": "0001-01-01"}, ("meeting.date", "past")),
        ({"date": "2027-03-28", "time": "01:30"}, ("meeting.time", "skipped")),
        ({"reason": "nonsense"}, ("meeting.reason", "choice")),
        ({"reason": "other"}, ("meeting.reason_detail", "missing")),
        ({"date": "2026-07-04", "already_held": True}, ("meeting.date", "past")),
    ],
)
def test_meetings_that_cannot_be(either: Any, meeting: Any, error: tuple[str, str]) -> None:
    assert refusal(either, told=command(**meeting)) == error


def test_a_meeting_that_was_held_may_be_up_to_120_days_ago(either: Any) -> None:
    event = begin(either, command(date="2026-07-05", already_held=True))
    assert event.meeting is not None
    assert event.meeting.starts_at.date() == date(2026, 7, 5)


@pytest.mark.parametrize(
    "meeting",
    [
        {"date": 1},
        {"date": "2026-02-30"},
        {"date": "2026-11-20T10:30"},
        {"time": "25:00"},
        {"time": "10:30:00+05:00"},
        {"time": 630},
        {"duration_minutes": "60"},
        {"duration_minutes": 0},
        {"place": "a\x00b"},
        {"place": "x" * 201},
        {"more": 1},
    ],
)
def test_what_is_no_meeting_at_all(meeting: Any) -> None:
    with pytest.raises(ValidationError):
        command(**meeting)


def test_invitees_are_people_of_the_child_or_plain_addresses_once_each(either: Any) -> None:
    guest = {"email": "Aunt@Example.org", "name": "Rosa Hill"}
    event = begin(either, command([{"account_id": str(DEE)}, guest]))
    assert event.invitees == (
        PEOPLE[DEE].invitee(),
        Invitee(email="aunt@example.org", name="Rosa Hill", role="guest"),
    )
    stranger = command([{"account_id": str(uuid4())}])
    assert refusal(either, told=stranger) == ("invitees.0.account_id", "stranger")
    twice = command([{"account_id": str(DEE)}, {"email": "dee@example.org", "name": "Dee"}])
    assert refusal(either, told=twice) == ("invitees.1", "twice")
    many = command([{"email": f"p{n}@example.org", "name": "P"} for n in range(41)])
    assert refusal(either, told=many) == ("invitees", "too_many")
    for bad in ({}, {"email": "a@b.example"}, {"account_id": str(DEE), "name": "Dee"}):
        with pytest.raises(ValidationError):
            command([bad])


def test_one_open_pep_of_a_kind(either: Any) -> None:
    open_one = KnownPEP(uuid4(), "review", 3, signed_off=False, next_pep_id=None)
    assert refusal(either, peps=[open_one])[1] == "open_pep"
    assert begin(either, command(kind="initial"), peps=[open_one])
    following = uuid4()
    over = replace(open_one, signed_off=True, next_pep_id=following)
    assert refusal(either, peps=[over])[1] == "next_pep_coming"
    there = KnownPEP(following, "initial", 1, signed_off=False, next_pep_id=None)
    assert begin(either, peps=[over, there])


def test_kinds_and_ages_are_the_authoritys(birmingham: Any, northvale: Any) -> None:
    assert refusal(northvale, told=command(kind="between_settings")) == ("kind", "choice")
    assert begin(birmingham, command(kind="between_settings"))
    grown = replace(CHILD, date_of_birth=date(2007, 8, 31))
    assert refusal(birmingham, child=grown)[1] == "age"


def following(story: Any, there: PEP | None = None) -> list[Any]:
    last = story.pep
    return generating_next.decide(
        there or PEP(),
        signed_off(last),
        last,
        CHILD,
        story.profile,
        PEOPLE.values(),
        NOW,
    )


def test_the_next_pep_has_the_agreed_meeting_and_everybody(either: Any) -> None:
    guests = (
        Invitee(email="aunt@example.org", name="Rosa", role="guest"),
        Invitee(email="dee@example.org", name="Dee", role="guest"),
        Invitee(account_id=uuid4(), name="Gone", role="designated_teacher"),
    )
    [event] = following(either.begun(invitees=guests).met().next_set())
    assert (event.kind, event.previous_pep_id) == ("review", either.pep_id)
    assert event.meeting == either.pep.next_meeting
    assert [each.name for each in event.invitees] == ["Sally Worker", "Dee Teacher", "Rosa"]
    due = None if either.profile.code == "330" else date(2027, 3, 11)
    assert event.completion_due == due


def test_the_next_pep_is_for_the_school_year_of_its_meeting(either: Any) -> None:
    either.begun().next_set()
    plan = either.pep.next_meeting.model_copy(
        update={"starts_at": datetime(2027, 9, 20, 9, tzinfo=UTC)}
    )
    [event] = following(either.given(NextMeetingNoted(pep_id=either.pep_id, plan=plan)))
    assert event.year_group == 8


def test_the_next_pep_begins_once_and_not_without_an_agreed_meeting(birmingham: Any) -> None:
    assert following(birmingham.begun()) == []
    [event] = following(birmingham.next_set())
    assert following(birmingham, PEP(initiated=event)) == []


def test_a_meeting_that_moves_moves_the_completion_date(birmingham: Any, northvale: Any) -> None:
    later = datetime(2026, 12, 1, 10, 0, tzinfo=UTC)
    for story, old, new in (
        (birmingham, None, None),
        (northvale, date(2026, 11, 27), date(2026, 12, 8)),
    ):
        story.begun(completion_due=old)
        [event] = hearing.meeting_time(story.pep, story.profile, later, "Room 1")
        assert isinstance(event, MeetingTimeNoted)
        assert (event.old_completion_due, event.completion_due) == (old, new)
        assert hearing.meeting_time(story.given(event).pep, story.profile, later, "Room 1") == []


def test_what_is_heard_is_noted_once_and_not_after_the_end(either: Any) -> None:
    agreed = NextMeetingSet(
        meeting_id=uuid4(),
        pep_id=either.pep_id,
        starts_at=NOW + timedelta(days=100),
        duration_minutes=45,
        place=None,
        invitations_sent_by=None,
    )
    either.begun()
    [confirmed] = hearing.meeting_confirmed(either.pep, agreed.meeting_id)
    [noted] = hearing.next_meeting(either.pep, either.profile, agreed)
    assert isinstance(confirmed, MeetingConfirmationNoted)
    assert isinstance(noted, NextMeetingNoted)
    assert noted.plan.reason in {each.value for each in either.profile.meeting_reasons}
    either.given(confirmed, noted)
    assert hearing.meeting_confirmed(either.pep, agreed.meeting_id) == []
    assert hearing.next_meeting(either.pep, either.profile, agreed) == []
    either.given(signed_off(either.pep))
    moved = agreed.model_copy(update={"starts_at": NOW + timedelta(days=120)})
    assert hearing.next_meeting(either.pep, either.profile, moved) == []
    assert hearing.meeting_time(either.pep, either.profile, NOW, None) == []


def published(story: Any, decision: Any) -> QAPublished:
    return QAPublished(
        review_id=UUID(int=5),
        pep_id=story.pep_id,
        child_id=story.child_id,
        decision=decision,
        rating="good",
        rating_label="Good",
        comment="Clear",
        scores=(),
    )


def test_a_review_signs_off_or_returns_only_what_was_submitted(northvale: Any) -> None:
    northvale.begun().next_set()
    for decision in ("signed_off", "returned", "feedback"):
        [only] = hearing.quality_judged(northvale.pep, published(northvale, decision))
        assert isinstance(only, QAOutcomeNoted)
    northvale.submitted()
    noted, over = hearing.quality_judged(northvale.pep, published(northvale, "signed_off"))
    assert isinstance(noted, QAOutcomeNoted)
    assert isinstance(over, PEPSignedOff)
    assert (over.rating_label, over.next_meeting_at) == (
        "Good",
        northvale.pep.next_meeting.starts_at,
    )
    _, back = hearing.quality_judged(northvale.pep, published(northvale, "returned"))
    assert isinstance(back, PEPReturned)
    northvale.given(noted, over)
    assert hearing.quality_judged(northvale.pep, published(northvale, "signed_off")) == []


def test_feedback_after_sign_off_is_only_noted(birmingham: Any) -> None:
    birmingham.begun()
    birmingham.given(signed_off(birmingham.pep))
    [only] = hearing.quality_judged(birmingham.pep, published(birmingham, "feedback"))
    assert isinstance(only, QAOutcomeNoted)
    assert hearing.quality_judged(PEP(), published(birmingham, "feedback")) == []
