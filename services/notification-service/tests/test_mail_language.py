"""Mails in another language: here a made-up Welsh in which each text stands in ⟦brackets⟧."""

import email
import email.policy
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, time
from email.message import EmailMessage
from gettext import NullTranslations
from html.parser import HTMLParser
from typing import Any, get_args
from uuid import UUID

import pytest
from babel import Locale
from icalendar import Calendar

from epep_events.notification import Kind
from epep_runtime.language import Language, gettext, speaking
from notification_service.mails import wording
from notification_service.mails.language import asked_for, language_named, shipped
from notification_service.mails.letters import ANSWERS
from notification_service.mails.rendering import MailWriter
from notification_service.notifications.facts import AuthorityFacts, Facts, MeetingFacts
from notification_service.notifications.notification import Notification
from notification_service.notifications.requesting import Notice, Recipient, request
from notification_service.preferences.choosing import shown
from notification_service.preferences.preferences import Choices
from notification_service.reactions import accounts
from notification_service.reactions.registrations import ROLES
from notification_service.read_models.messages import TITLES
from notification_service.settings import NotificationSettings
from notification_service.translating import TEXTS

OWN_ID = UUID("5f0c3f3e-6f57-5a54-9d6c-0b6a4ac1f1f0")
NOW = datetime(2026, 11, 20, 9, 15, tzinfo=UTC)
STARTS = datetime(2026, 12, 3, 10, 30, tzinfo=UTC)
DATA = {
    "name": "Bea Brown",
    "who": "Vera Vale",
    "why": "Because",
    "reason": "Termly",
    "pep_kind": "Termly PEP",
    "contact_name": "Dana Teach",
    "contact_phone": "01632 960777",
    "initials": "K.O.",
}
AUTHORITY = AuthorityFacts(
    code="681",
    name="Trefddu",
    virtual_school="Ysgol Rithwir Trefddu",
    contact_email="ysgol@trefddu.example",
    contact_phone="01632 960123",
)
MEETING = MeetingFacts(
    meeting_id=OWN_ID, starts_at=STARTS, duration_minutes=60, place="Ystafell 2", sequence=1
)
NAMES = " ".join([*DATA.values(), *AUTHORITY.model_dump().values(), "Ystafell 2 bea@example.org"])
DETAILS: dict[str, list[str]] = {
    "registration_known": ["registration", "email_change"],
    "email_reminder": ["bea@example.org"],
    "security_notice": [*accounts.NOTICES.values(), accounts.CLOSED, accounts.KEPT, ""],
    "login_stopped": [accounts.A_CHANGE, accounts.A_LOGIN, accounts.A_PASSWORD],
}
TIMES = [datetime(2026, 12, 3, hour, tzinfo=UTC) for hour in (0, 10, 12, 14)]


class Bracketing(NullTranslations):
    """Puts what the catalogues have in brackets, and notes it."""

    def __init__(self) -> None:
        super().__init__()
        self.known = {each.id for each in TEXTS.collect() if each.id}
        self.said: set[str | tuple[str, str]] = set()

    def gettext(self, message: str) -> str:
        self.said.add(message)
        return f"⟦{message}⟧" if message in self.known else message

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        self.said.add((msgid1, msgid2))
        return f"⟦{msgid2}⟧" if (msgid1, msgid2) in self.known else msgid2


@pytest.fixture(scope="module")
def texts() -> Bracketing:
    return Bracketing()


@pytest.fixture(scope="module")
def welsh(texts: Bracketing) -> Language:
    return Language("cy", "Cymraeg", Locale("cy"), texts)


@pytest.fixture(scope="module")
def writer(settings: NotificationSettings, welsh: Language) -> MailWriter:
    return replace(MailWriter.for_settings(settings), languages={"cy": welsh})


def facts(kind: str, **more: Any) -> Facts:
    known = {
        "kind": kind,
        "said_at": NOW,
        "language": "cy",
        "has_account": True,
        "child_id": OWN_ID,
    }
    known |= {"pep_id": OWN_ID, "authority": AUTHORITY, "meeting": MEETING, "answer": "accepted"}
    return Facts.model_validate(DATA | known | more)


def every_mail() -> Iterator[Facts]:
    """Yield facts from which every text of every kind of mail comes."""
    for kind in get_args(Kind):
        for detail in DETAILS.get(kind, [None]):
            for until in (None, *TIMES):
                yield facts(kind, detail=detail, expires_at=until, role_label="carer")
    for role in ROLES.values():
        yield facts("registration_accepted", role_label=role)
    for answer in ANSWERS:
        yield facts("answered", answer=answer, proposed_at=STARTS, commented=True)
    for kind in ("rescheduled", "emergency_access", "registration_waiting", "registration_link"):
        yield facts(kind, authority=None, who=None, initials=None, role_label="carer")
    for count in (1, 60):
        yield facts("digest", items=[{"kind": "returned", "said_at": NOW}] * count)
    late = MEETING.model_copy(update={"duration_minutes": 24 * 60, "place": None})
    yield facts("rescheduled", meeting=late, old_starts_at=STARTS)


class Read(HTMLParser):
    """What is read of an HTML mail."""

    def __init__(self) -> None:
        super().__init__()
        self.pieces: list[str] = []

    def handle_data(self, data: str) -> None:
        self.pieces.append(data)


def part(message: EmailMessage, subtype: str) -> str:
    found = message.get_body((subtype,))
    assert found is not None
    return str(found.get_content())


def pieces(message: EmailMessage) -> Iterator[str]:
    """Yield each part of a mail that a person reads: subject, text, HTML and calendar entry."""
    yield str(message["Subject"])
    yield part(message, "plain")
    html = Read()
    html.feed(part(message, "html"))
    yield "".join(html.pieces)
    for each in message.walk():
        if each.get_content_type() == "application/ics":
            content = each.get_payload(decode=True)
            assert isinstance(content, bytes)
            (entry,) = Calendar.from_ical(content).walk("VEVENT")
            yield f"{entry['SUMMARY']}\n{entry['DESCRIPTION']}"


def in_english(text: str) -> list[str]:
    """Return the words outside of brackets that are nobody's names and no addresses."""
    depth, kept = 0, []
    for char in text:
        depth += (char == "⟦") - (char == "⟧")
        kept.append(char if depth == 0 and char != "⟧" else " ")
    assert depth == 0, text
    words = re.sub(r"https://\S+", " ", "".join(kept)).split()
    known = {"ePEP", *NAMES.split()}
    return [
        each for each in words if re.search(r"[^\W\d_]", each) and each.strip(",:") not in known
    ]


def test_no_mail_has_a_text_of_ours_in_english(writer: MailWriter, texts: Bracketing) -> None:
    texts.said.clear()
    for each in every_mail():
        raw = writer.write(OWN_ID, "bea@example.org", each, "4711", NOW, "4712")
        message = email.message_from_bytes(raw, policy=email.policy.default)
        assert '<html lang="cy">' in part(message, "html")
        for piece in pieces(message):
            assert not in_english(piece), (each.kind, in_english(piece))
    places = {text.id: [file for file, _ in text.locations] for text in TEXTS.collect() if text.id}
    for text, files in places.items():
        if any(file.startswith(("mails/", "reactions/")) for file in files):
            assert text in texts.said, f"no mail of this test says {text!r}"


def test_what_is_asked_for_has_its_subject_in_the_language_of_the_mail() -> None:
    notice = Notice(Recipient("Bea", "bea@example.org"), facts("invitation"))
    (asked,) = request(OWN_ID, notice, Notification())
    assert "Dydd Iau 3 Rhagfyr, 10:30am" in asked.subject  # type: ignore[attr-defined]
    assert asked.subject.startswith("Invitation: PEP meeting for K.O.")  # type: ignore[attr-defined]


def test_titles_of_messages_and_choices_are_in_the_language_of_who_asks(welsh: Language) -> None:
    with speaking(welsh):
        assert not in_english(" ".join(gettext(each) for each in TITLES.values()))
        page = shown(Choices(), 0, time(7))
    for choice in page.choosable:
        assert not in_english(f"{choice.label} {choice.hint}")
    for always in page.always:
        assert not in_english(f"{always.label} {always.reason}")


def test_dates_are_said_in_the_language_and_texts_without_translation_in_english(
    welsh: Language,
) -> None:
    with speaking(welsh):
        assert wording.day(STARTS) == "Dydd Iau 3 Rhagfyr 2026"
        assert wording.clock(STARTS) == "⟦10:30am⟧"
    with speaking(shipped()["cy"]):
        assert wording.day_and_time(STARTS) == "Dydd Iau 3 Rhagfyr 2026 at 10:30am"
    assert wording.day(STARTS) == "Thursday 3 December 2026"


def test_a_mail_that_waited_before_mails_had_languages_is_in_english() -> None:
    waiting = facts("submitted").model_dump(mode="json")
    del waiting["language"]
    assert Facts.model_validate(waiting).language == "en"
    assert language_named("xx") is language_named("en")


@pytest.mark.parametrize(
    ("accepted", "code"),
    [
        (None, "en"),
        ("", "en"),
        ("cy", "cy"),
        ("fr;q=0.9, CY-GB;q=0.5, en", "cy"),
        ("en, cy", "en"),
        ("*, ;;-", "en"),
    ],
)
def test_the_first_accepted_language_that_there_is_counts(accepted: str | None, code: str) -> None:
    assert asked_for(accepted).code == code
