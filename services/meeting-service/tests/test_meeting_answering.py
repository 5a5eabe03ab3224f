"""Answers to invitations, and the links that carry them: the rules, without servers."""

import base64
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from pydantic import ValidationError

from epep_access.people import Person
from epep_events.meeting import InvitationResponded
from epep_events.pep import Invitee
from epep_runtime.problems import InvalidError, NotFoundError, RefusedError
from meeting_service.invitations.links import invitation_of, token_of
from meeting_service.invitations.listing import can_respond
from meeting_service.invitations.responding import Respond, decide
from meeting_service.meetings.meeting import Meeting, evolve
from meeting_service.reactions.pep_initiated import NotKnownYetError, invited_people
from meeting_service.read_models.finding import Invited
from meeting_service.settings import MeetingSettings

NOW = datetime.now(UTC)
KEY = bytes(32)


def invited(meeting: Meeting, **more: Any) -> Invited:
    person = meeting.invitations[0].person
    row = Invited(
        invitation_id=person.invitation_id,
        account_id=person.account_id,
        role=person.role,
        meeting_id=meeting.meeting_id,
        pep_id=meeting.pep_id,
        authority="330",
        child_initials="A.B.",
        organiser=None,
        reason="Termly review",
        reason_detail=None,
        signed_off=False,
        version=3,
        arranged_at=NOW - timedelta(days=30),
        state=meeting.state,
        starts_at=meeting.when.starts_at,
        duration_minutes=60,
        place=None,
        answer=None,
        proposed_at=None,
        comment=None,
    )
    return replace(row, **more)


def test_one_may_change_ones_mind_but_the_same_answer_is_said_once(meeting: Meeting) -> None:
    mine = invited(meeting)
    [event] = decide(meeting, mine, Respond(answer="accepted"), NOW)
    assert isinstance(event, InvitationResponded)
    assert event.organiser_account_id == UUID(int=9)
    answered = evolve(meeting, event)
    assert answered is not None
    assert decide(answered, mine, Respond(answer="accepted"), NOW) == []
    [changed] = decide(answered, mine, Respond(answer="declined", comment="Ill"), NOW)
    assert isinstance(changed, InvitationResponded)
    assert (changed.answer, changed.comment) == ("declined", "Ill")


def test_a_proposal_has_a_time_in_england(meeting: Meeting) -> None:
    proposed = {"date": f"{NOW.year + 1}-06-01", "time": "10:30"}
    command = Respond(answer="proposed", proposed=proposed)
    [event] = decide(meeting, invited(meeting), command, NOW)
    assert isinstance(event, InvitationResponded)
    assert event.proposed_at == datetime(NOW.year + 1, 6, 1, 9, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"answer": "proposed"}, "proposed"),
        ({"answer": "accepted", "proposed": {"date": "2030-01-01", "time": "10:00"}}, "proposed"),
        (
            {"answer": "proposed", "proposed": {"date": "2001-01-01", "time": "10:00"}},
            "proposed.date",
        ),
    ],
)
def test_answers_that_do_not_fit(meeting: Meeting, body: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidError) as refusal:
        decide(meeting, invited(meeting), Respond(**body), NOW)
    assert refusal.value.errors[0].field == field


def test_maybe_is_no_answer() -> None:
    with pytest.raises(ValidationError):
        Respond(answer="maybe")


def test_answers_end_when_the_meeting_starts(meeting: Meeting) -> None:
    start = meeting.when.starts_at
    command = Respond(answer="accepted")
    assert decide(meeting, invited(meeting), command, start - timedelta(seconds=1))
    with pytest.raises(RefusedError) as refusal:
        decide(meeting, invited(meeting), command, start)
    assert refusal.value.code == "started"
    assert not can_respond(invited(meeting), start)


def test_a_meeting_that_was_held_before_it_was_set_up_takes_answers_until_confirmed(
    held: Meeting,
) -> None:
    mine = invited(held, arranged_at=NOW)
    assert decide(held, mine, Respond(answer="accepted"), NOW)
    assert can_respond(mine, NOW)
    with pytest.raises(RefusedError) as refusal:
        decide(replace(held, state="confirmed"), mine, Respond(answer="accepted"), NOW)
    assert refusal.value.code == "confirmed"


def test_no_answer_after_sign_off_or_for_a_cancelled_meeting(meeting: Meeting) -> None:
    command = Respond(answer="accepted")
    with pytest.raises(RefusedError) as refusal:
        decide(meeting, invited(meeting, signed_off=True), command, NOW)
    assert refusal.value.code == "signed-off"
    off = replace(meeting, state="cancelled")
    with pytest.raises(RefusedError) as refusal:
        decide(off, invited(off), command, NOW)
    assert refusal.value.code == "cancelled"


def test_a_token_opens_its_own_invitation_only() -> None:
    one, other = uuid4(), uuid4()
    token = token_of(KEY, one)
    assert (invitation_of(KEY, token), len(token)) == (one, 64)
    assert token == token_of(KEY, one)
    raw = base64.urlsafe_b64decode(token)
    forged = base64.urlsafe_b64encode(other.bytes + raw[16:]).decode()
    bad = [forged, token_of(bytes(31) + b"1", one), token[:-4], "", "é" * 64, "\ud800", token * 2]
    for each in bad:
        with pytest.raises(NotFoundError):
            invitation_of(KEY, each)


def test_each_person_is_invited_once_by_account_before_address() -> None:
    account = uuid4()
    known = {account: Person(account, "Ann", "Ann@Example.org")}
    people = invited_people(
        uuid4(),
        [
            Invitee(email="ann@example.org", name="Ann by mail", role="guest"),
            Invitee(account_id=account, name="Ann", role="social_worker"),
            Invitee(account_id=account, name="Ann", role="social_worker"),
            Invitee(email="Bo@example.org", name="Bo", role="guest"),
        ],
        known,
        str,
    )
    assert [(each.name, each.email) for each in people] == [
        ("Ann", "ann@example.org"),
        ("Bo", "bo@example.org"),
    ]


def test_an_account_that_is_not_known_yet_is_waited_for() -> None:
    invitee = Invitee(account_id=uuid4(), name="Ann", role="social_worker")
    with pytest.raises(NotKnownYetError):
        invited_people(uuid4(), [invitee], {}, str)


@pytest.mark.parametrize("key", ["", "short", base64.b64encode(bytes(31)).decode()])
def test_the_key_has_32_bytes(key: str) -> None:
    with pytest.raises(ValidationError):
        MeetingSettings(database_url="postgresql://x", secret_key=key)
