"""What the mails look like, to people and to calendars."""

import email
import email.policy
from datetime import UTC, datetime
from email.message import EmailMessage
from uuid import UUID

import pytest
from icalendar import Calendar

from epep_events.notification import Kind
from notification_service.mails.rendering import MailWriter, UnsendableError
from notification_service.notifications.facts import AuthorityFacts, Facts, MeetingFacts
from notification_service.settings import NotificationSettings

OWN_ID = UUID("5f0c3f3e-6f57-5a54-9d6c-0b6a4ac1f1f0")
MEETING_ID = UUID("3e0c3f3e-6f57-5a54-9d6c-0b6a4ac1f1f1")
PEP_ID = UUID("0192f0a0-0000-7000-8000-000000000001")
NOW = datetime(2026, 11, 20, 9, 15, tzinfo=UTC)
MEETING = MeetingFacts(
    meeting_id=MEETING_ID,
    starts_at=datetime(2026, 12, 3, 10, 30, tzinfo=UTC),
    duration_minutes=60,
    place="Room 2; Oak School, Elm Road",
    sequence=2,
)
FACTS = Facts(
    kind="invitation",
    said_at=NOW,
    name="Bea Brown",
    has_account=True,
    authority=AuthorityFacts(
        name="Testshire",
        virtual_school="Testshire Virtual School",
        contact_email="school@testshire.example",
        contact_phone="01632 960123",
    ),
    initials="K.O.",
    pep_id=PEP_ID,
    meeting=MEETING,
    reason="Termly review",
    contact_name="Dana Teach",
    contact_phone="01632 960777",
)


@pytest.fixture(scope="module")
def writer(settings: NotificationSettings) -> MailWriter:
    return MailWriter.for_settings(settings)


def written(
    writer: MailWriter, facts: Facts, secret: str | None = None, to: str = "bea@example.org"
) -> EmailMessage:
    raw = writer.write(OWN_ID, to, facts, secret, NOW)
    raw.decode("ascii")
    return email.message_from_bytes(raw, policy=email.policy.default)


def text(message: EmailMessage) -> str:
    body = message.get_body(("plain",))
    assert body is not None
    return str(body.get_content()).replace("\r\n", "\n")


def html(message: EmailMessage) -> str:
    body = message.get_body(("html",))
    assert body is not None
    return str(body.get_content()).replace("\r\n", "\n")


def calendars(message: EmailMessage) -> list[bytes]:
    found = []
    for part in message.walk():
        if part.get_content_type() in {"text/calendar", "application/ics"}:
            content = part.get_payload(decode=True)
            assert isinstance(content, bytes)
            found.append(content)
    return found


def test_an_invitation_says_when_where_why_and_how_to_answer(writer: MailWriter) -> None:
    message = written(writer, FACTS, "tok_en-1")
    assert message["Subject"] == "Invitation: PEP meeting for K.O., Thursday 3 December, 10:30am"
    assert message["To"] == "Bea Brown <bea@example.org>"
    assert message["From"] == "ePEP <no-reply@mail.example>"
    assert message["Message-ID"] == f"<{OWN_ID}@epep.mail.example>"
    for body in (text(message), html(message)):
        assert "Hello Bea Brown," in body
        assert "Thursday 3 December 2026, 10:30am to 11:30am" in body
        assert "Room 2; Oak School, Elm Road" in body
        assert "Termly review" in body
        assert "Dana Teach, 01632 960777" in body
        assert "https://epep.example/invitations/answer/tok_en-1" in body
        assert "https://epep.example/invitations" in body
        assert "Testshire Virtual School" in body


def test_somebody_without_an_account_gets_only_the_answer_link(writer: MailWriter) -> None:
    message = written(writer, FACTS.model_copy(update={"has_account": False}), "tok")
    assert text(message).count("https://epep.example") == 1


def test_the_text_of_a_login_mail_in_full(writer: MailWriter) -> None:
    facts = Facts(
        kind="login_code",
        said_at=NOW,
        name="Sam Social",
        has_account=True,
        expires_at=datetime(2026, 7, 1, 9, 25, tzinfo=UTC),
    )
    message = written(writer, facts, "048151")
    assert text(message) == (
        "Your security code\n==================\n\nHello Sam Social,\n\n"
        "Enter this code to finish logging in to ePEP.\n\n    048151\n\n"
        "The code works once. It runs out at 10:25am.\n\n"
        "Nobody from ePEP or a virtual school will ever ask you for it.\n\n"
        "If you did not just try to log in, somebody else may know your password: "
        "tell your virtual school.\n\n"
        "--\nePEP\n"
        "This email was sent by ePEP, the electronic Personal Education Plan. "
        "Nobody reads replies to it.\n"
    )
    assert "048151" in html(message)
    assert "048151" not in "".join(message.values())
    assert calendars(message) == []


def test_the_calendar_file_is_an_alternative_and_an_attachment(writer: MailWriter) -> None:
    message = written(writer, FACTS, "tok")
    assert message.get_content_type() == "multipart/mixed"
    alternative, attached = message.iter_parts()
    kinds = [part.get_content_type() for part in alternative.iter_parts()]
    assert kinds == ["text/plain", "text/html", "text/calendar"]
    assert list(alternative.iter_parts())[2].get_param("method") == "REQUEST"
    assert attached.get_filename() == "pep-meeting.ics"
    first, second = calendars(message)
    assert first.replace(b"\r\n", b"\n") == second.replace(b"\r\n", b"\n")


def test_a_calendar_reads_the_meeting_out_of_it(writer: MailWriter) -> None:
    raw = calendars(written(writer, FACTS, "tok"))[1]
    calendar = Calendar.from_ical(raw)
    (entry,) = calendar.walk("VEVENT")
    assert calendar["METHOD"] == "REQUEST"
    assert entry["UID"] == f"{MEETING_ID}@epep"
    assert entry["SEQUENCE"] == 2
    assert b"DTSTART:20261203T103000Z\r\n" in raw
    assert b"DTEND:20261203T113000Z\r\n" in raw
    assert b"DTSTAMP:20261120T091500Z\r\n" in raw
    assert entry["LOCATION"] == "Room 2; Oak School, Elm Road"
    assert entry["SUMMARY"] == "PEP meeting for K.O."
    assert entry["ORGANIZER"] == "mailto:no-reply@mail.example"
    assert entry["ORGANIZER"].params["CN"] == "Dana Teach"
    assert entry["ATTENDEE"] == "mailto:bea@example.org"
    assert entry["STATUS"] == "CONFIRMED"
    assert b"tok" not in raw


def test_a_new_time_keeps_the_uid_and_a_cancellation_takes_it_out(writer: MailWriter) -> None:
    moved = MEETING.model_copy(update={"sequence": 3})
    facts = FACTS.model_copy(
        update={
            "kind": "rescheduled",
            "meeting": moved,
            "old_starts_at": datetime(2026, 12, 1, 9, 0, tzinfo=UTC),
            "why": "The room is taken",
        }
    )
    message = written(writer, facts, "tok")
    assert "It was to be on Tuesday 1 December 2026 at 9am." in text(message)
    assert "Reason: The room is taken" in text(message)
    (entry,) = Calendar.from_ical(calendars(message)[1]).walk("VEVENT")
    assert (entry["UID"], entry["SEQUENCE"]) == (f"{MEETING_ID}@epep", 3)
    gone = written(writer, facts.model_copy(update={"kind": "cancelled"}))
    calendar = Calendar.from_ical(calendars(gone)[1])
    (entry,) = calendar.walk("VEVENT")
    assert (calendar["METHOD"], entry["STATUS"]) == ("CANCEL", "CANCELLED")
    assert entry["UID"] == f"{MEETING_ID}@epep"
    assert "/invitations/answer/" not in text(gone)


def test_the_organiser_learns_who_answered_what(writer: MailWriter) -> None:
    facts = FACTS.model_copy(
        update={
            "kind": "answered",
            "meeting": None,
            "who": "Bea Brown",
            "answer": "proposed",
            "proposed_at": datetime(2026, 12, 4, 14, 0, tzinfo=UTC),
            "commented": True,
        }
    )
    body = text(written(writer, facts))
    assert "Bea Brown has suggested another time for the PEP meeting for K.O." in body
    assert "Suggested time: Friday 4 December 2026 at 2pm" in body
    assert "They left a comment" in body
    declined = facts.model_copy(update={"answer": "declined", "proposed_at": None})
    assert "Bea Brown has declined the invitation to the PEP meeting" in text(
        written(writer, declined)
    )


@pytest.mark.parametrize(
    "kind", ["meeting_confirmed", "submitted", "returned", "signed_off", "feedback"]
)
def test_mails_about_a_pep_link_to_it(writer: MailWriter, kind: Kind) -> None:
    facts = FACTS.model_copy(update={"kind": kind, "meeting": None})
    message = written(writer, facts)
    for body in (text(message), html(message)):
        assert f"https://epep.example/peps/{PEP_ID}" in body
        assert "K.O." in body
    assert "K.O." in message["Subject"]


def test_only_what_can_be_switched_off_says_where(writer: MailWriter) -> None:
    where = "https://epep.example/account/notifications"
    switchable = FACTS.model_copy(update={"kind": "signed_off", "meeting": None})
    for body in (text(written(writer, switchable)), html(written(writer, switchable))):
        assert where in body
    always = written(writer, FACTS, "tok")
    mailbox = written(writer, switchable.model_copy(update={"has_account": False}))
    for message in (always, mailbox):
        assert where not in text(message)
        assert where not in html(message)


def test_a_hostile_name_adds_no_header_and_no_markup(writer: MailWriter) -> None:
    name = 'Bea" <x@evil.example>\r\nBcc: all@evil.example\r\n\r\n<script>alert(1)</script>'
    facts = FACTS.model_copy(update={"name": name, "why": "<b>&", "kind": "rescheduled"})
    message = written(writer, facts, "tok")
    assert message["Bcc"] is None
    assert [each.addr_spec for each in message["To"].addresses] == ["bea@example.org"]
    assert "<script>" not in html(message)
    assert "&lt;b&gt;&amp;" in html(message)
    (entry,) = Calendar.from_ical(calendars(message)[1]).walk("VEVENT")
    assert entry["ATTENDEE"] == "mailto:bea@example.org"


def test_letters_of_every_language_arrive_as_they_were(writer: MailWriter) -> None:
    facts = FACTS.model_copy(update={"name": "Zoë Ṣọlá 王芳", "initials": "Š.Ö."})
    message = written(writer, facts, "tok")
    assert message["To"].addresses[0].display_name == "Zoë Ṣọlá 王芳"
    assert "Š.Ö." in message["Subject"]
    assert "Hello Zoë Ṣọlá 王芳," in text(message)


@pytest.mark.parametrize(
    "address", ["not an address", "a@b\r\nBcc: c@d.example", "zoë@example.org", ""]
)
def test_what_is_no_address_is_refused_in_a_sentence(writer: MailWriter, address: str) -> None:
    with pytest.raises(UnsendableError, match="not an address"):
        written(writer, FACTS, "tok", to=address)
