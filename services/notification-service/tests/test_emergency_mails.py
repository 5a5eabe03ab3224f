"""The mail about an emergency: who opened a record, never whose."""

from datetime import UTC, datetime, timedelta

from epep_runtime.ids import new_id
from notification_service.mails.letters import letter_of
from notification_service.mails.subjects import subject_of
from notification_service.notifications.facts import Facts

NOW = datetime(2026, 11, 23, 2, 10, tzinfo=UTC)


def test_the_mail_names_who_and_where_but_not_the_child() -> None:
    child = new_id()
    facts = Facts(
        kind="emergency_access",
        said_at=NOW,
        name="Vera School",
        has_account=True,
        child_id=child,
        who="Dora Duty",
        expires_at=NOW + timedelta(hours=24),
    )
    letter = letter_of(facts, "https://epep.example", None)
    assert subject_of(facts) == "Emergency access to a child’s record"
    assert "Dora Duty" in letter.lines[0]
    assert letter.links == (("Open the child’s page", f"https://epep.example/children/{child}"),)
