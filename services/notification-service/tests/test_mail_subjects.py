"""Subject lines: initials only, on one line of a mail."""

from datetime import UTC, datetime

import pytest

from epep_events.notification import Kind
from epep_runtime.ids import new_id
from notification_service.mails.subjects import SUBJECTS, subject_of
from notification_service.notifications.facts import Facts, MeetingFacts

LONGEST = datetime(2026, 9, 30, 10, 30, tzinfo=UTC)  # a Wednesday in September


@pytest.mark.parametrize("kind", SUBJECTS)
def test_every_subject_fits_on_one_line(kind: Kind) -> None:
    meeting = MeetingFacts(
        meeting_id=new_id(), starts_at=LONGEST, duration_minutes=60, place=None, sequence=0
    )
    facts = Facts(
        kind=kind, said_at=LONGEST, name="x", has_account=False, initials="A.B.C.", meeting=meeting
    )
    assert len(f"Subject: {subject_of(facts)}") <= 78


def test_initials_with_a_line_break_stay_on_one_line() -> None:
    facts = Facts(
        kind="signed_off", said_at=LONGEST, name="x", has_account=False, initials="A.\r\nB."
    )
    assert subject_of(facts) == "The PEP for A. B. has been signed off"
