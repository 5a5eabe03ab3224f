"""What each event says in the change log: of itself alone, and in words."""

import csv
import io
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest

from epep_events.contexts import EVENTS_BY_CONTEXT
from epep_events.envelope import Actor, Metadata
from epep_events.meeting import (
    InvitationIssued,
    InvitationResponded,
    InvitationWithdrawn,
    MeetingOrganiserChanged,
    MeetingRecordSaved,
    MeetingRescheduled,
    RecordChange,
    When,
)
from epep_events.notification import (
    NotificationFailed,
    NotificationLeftUnmailed,
    NotificationSent,
)
from epep_events.pep import (
    CareEpisodeStarted,
    CoreChange,
    CoreDataChanged,
    FieldChange,
    MeetingTimeNoted,
    PageSaved,
    Placement,
    PlacementChanged,
    ProfessionalAssigned,
    TargetSubmitted,
)
from epep_events.qa import AreaScored
from epep_events.samples import sample
from epep_runtime.language import Language, speaking
from epep_runtime.made_up import outside
from pep_service.children.describing import FIELD_LABELS
from pep_service.peps.target_labels import LABELS
from pep_service.profiles.documents_on_disk import shipped_documents
from pep_service.read_models.change_log.csv_file import csv_of, harmless
from pep_service.read_models.change_log.projector import DESCRIPTIONS, UNTOLD, describe
from pep_service.read_models.change_log.reading import (
    RowShown,
    row_shown,
    section_titles,
    who_shown,
)
from pep_service.read_models.change_log.row import Row, quoted
from pep_service.read_models.change_log.showing import HIDDEN, Words, fields_of

BIRMINGHAM = shipped_documents()[0]
SALLY, CHILD, PEP = UUID(int=1), UUID(int=2), UUID(int=3)
AT = datetime(2026, 11, 20, 10, 30, tzinfo=UTC)
IDS: Any = {"pep_id": PEP, "meeting_id": UUID(int=4)}


def meta(**more: Any) -> Metadata:
    facts: dict[str, Any] = {
        "event_id": uuid4(),
        "type": "Something",
        "schema_version": 1,
        "source": "pep",
        "stream_id": f"pep-{PEP}",
        "stream_version": 3,
        "occurred_at": AT,
        "authority": "330",
        "actor": Actor(id=str(SALLY), role="social_worker"),
        "correlation_id": uuid4(),
    }
    return Metadata(**(facts | more))


def words(**more: Any) -> Words:
    facts: dict[str, Any] = {
        "profile": BIRMINGHAM,
        "fields": fields_of(BIRMINGHAM),
        "people": {SALLY: "Sally Worker"},
        "settings": {"990102": "Hollowbrook"},
        "addresses": True,
    }
    return Words(**(facts | more))


def row_of(event: Any) -> Row:
    row = describe(event, meta())
    assert row is not None
    return row


def told(event: Any, looked_up: Words | None = None, **more: Any) -> RowShown:
    """Return the row as the log shows it."""
    row, envelope = row_of(event), meta(**more)
    stored = {
        "event_id": envelope.event_id,
        "at": envelope.occurred_at,
        "pep_id": row.pep_id,
        "who": envelope.actor.on_behalf_of or envelope.actor.id,
        "who_name": row.who_name,
        "role": envelope.actor.role,
        "section": row.section,
        "what": row.what,
        "changes": list(row.changes),
    }
    return row_shown(stored, looked_up or words())


def lines(shown: RowShown) -> list[tuple[str, str | None, str | None]]:
    return [(each.label, each.old, each.new) for each in shown.changes]


@pytest.mark.parametrize("context", ["pep", "meeting", "qa", "notification"])
def test_every_event_has_a_row_or_a_reason_for_none(context: str) -> None:
    for event in EVENTS_BY_CONTEXT[context]:
        assert (event in DESCRIPTIONS) != (event in UNTOLD), event


def test_an_invitation_sent_again_and_a_corrected_address_are_told() -> None:
    first = sample(InvitationIssued).model_copy(update={"instead_of": None})
    assert told(first).what == "Jo Bennett invited to the meeting"
    again = sample(InvitationIssued)
    assert told(again).what == "Invitation sent again to Jo Bennett"
    ended = sample(InvitationWithdrawn)
    assert told(ended).what == "Jo Bennett’s second invitation ended: two accounts became one"
    assert told(ended.model_copy(update={"accounts_merged": False})).what == (
        "Jo Bennett’s email address corrected: the invitation to the old one ended"
    )


def test_what_was_kept_before_values_stood_apart_is_shown_as_it_is() -> None:
    stored = dict.fromkeys(("event_id", "at", "who_name", "pep_id"))
    stored |= {"event_id": uuid4(), "at": AT, "who": "system:pep", "role": "system"}
    stored |= {"section": "pep", "what": "100% of it %(name)s saved", "changes": []}
    assert row_shown(stored, words()).what == "100% of it %(name)s saved"


def test_values_are_shown_as_they_came_whatever_is_in_them() -> None:
    name = "A\x1e%(mail)s {“”}\n"
    issued: Any = sample(InvitationIssued).model_copy(update={"instead_of": None})
    person = issued.person.model_copy(update={"name": name})
    assert (
        told(issued.model_copy(update={"person": person})).what == f"{name} invited to the meeting"
    )


def in_data(label: str, event: Any) -> bool:
    """Tell whether an event brings the label with it, or it is one of a child's or a target's."""
    said = event.model_dump_json().replace('\\"', '"')
    return label in said or label in {*FIELD_LABELS.values(), *LABELS.values()}


@pytest.mark.parametrize("event", DESCRIPTIONS, ids=lambda event: event.__name__)
def test_every_row_is_in_the_language_of_whoever_reads_it(event: Any, welsh: Language) -> None:
    row = describe(sample(event), meta())
    if row is None:
        return
    stored = row._asdict() | {"event_id": uuid4(), "at": AT, "who": "guest:1", "role": "system"}
    with speaking(welsh):
        shown = row_shown(stored, words())
    assert outside(shown.what) == ""
    assert outside(shown.role_label) == ""
    assert row.who_name or outside(shown.who) == ""
    ours = [each.label for each in shown.changes if not in_data(each.label, sample(event))]
    assert [label for label in ours if outside(label)] == []
    if "%(" in row.what:
        assert shown.what.count("⟦") == 1 + row.what.count("[")


def test_a_merge_tells_who_organises_the_meeting_now() -> None:
    kept, closed = UUID(int=8), UUID(int=9)
    event = MeetingOrganiserChanged(
        **IDS, child_id=CHILD, old_account_id=closed, organiser_account_id=kept
    )
    shown = told(event, words(people={kept: "Sally Kept", closed: "Sally Closed"}))
    assert shown.what == "Meeting’s organiser changed: two accounts became one"
    assert lines(shown) == [("Organiser", "Sally Closed", "Sally Kept")]


def test_a_page_tells_each_answer_in_the_words_of_the_form() -> None:
    changes = [
        ("carer_name", "Main carer's name", None, "Rowan"),
        ("address_shared", "Address", "yes", "no"),
        ("delegated_authority", "Decisions", ["medical"], ["day_trips", "medical"]),
    ]
    saved = PageSaved(
        pep_id=PEP,
        section="social_worker",
        page="care_information",
        page_title="Care information",
        changes=tuple(FieldChange(field=f, label=x, old=o, new=n) for f, x, o, n in changes),
    )
    shown = told(saved)
    assert (shown.who, shown.role_label) == ("Sally Worker", "Social Worker")
    assert (shown.section_title, shown.what) == ("Social Work", "Care information saved")
    assert lines(shown) == [
        ("Main carer's name", None, "Rowan"),
        ("Address", "Yes", "No"),
        (
            "Decisions",
            "Routine medical and dental treatment",
            "Day trips, Routine medical and dental treatment",
        ),
    ]


def test_dates_details_and_answers_that_the_form_no_longer_has() -> None:
    changes = [
        ("planned_changes", {"answer": "no", "detail": None}, {"answer": "yes", "detail": "May"}),
        ("next_review", None, "2026-12-03"),
        ("care_plan", "gone", "adoption"),
        ("unknown_field", None, {"a": 1, "b": [True, "x"]}),
    ]
    saved = PageSaved(
        pep_id=PEP,
        section="gone",
        page="background",
        page_title="Background",
        changes=tuple(FieldChange(field=f, label=f, old=o, new=n) for f, o, n in changes),
    )
    shown = told(saved)
    assert shown.section_title == "gone"
    assert [line[1:] for line in lines(shown)] == [
        ("No", "Yes: May"),
        (None, "3 December 2026"),
        ("gone", "Adoption"),
        (None, "1: Yes, x"),
    ]


def test_core_data_placements_people_and_schools_are_in_words() -> None:
    core = CoreChange(field="sex", label="Sex", old="1", new="2")
    assert lines(told(CoreDataChanged(child_id=CHILD, changes=(core,)))) == [
        ("Sex", "Male", "Female")
    ]
    given = ProfessionalAssigned(child_id=CHILD, account_id=SALLY, role="iro")
    shown = told(given)
    assert shown.what == "Access given as independent reviewing officer"
    assert lines(shown) == [("Person", None, "Sally Worker")]


def test_addresses_are_for_few_eyes() -> None:
    moved = PlacementChanged(
        child_id=CHILD,
        on=date(2026, 5, 1),
        old=Placement(place="U6", provider="PR1", postcode="B86 1AA"),
        new=Placement(place="U6", provider="PR1", postcode="B87 2BB"),
    )
    assert lines(told(moved)) == [("Placement’s postcode", "B86 1AA", "B87 2BB")]
    assert lines(told(moved, words(addresses=False))) == [("Placement’s postcode", HIDDEN, HIDDEN)]
    started = CareEpisodeStarted(
        child_id=CHILD,
        started_on=date(2026, 5, 1),
        reason="S",
        legal_status="C2",
        category_of_need="N1",
        placement=Placement(place="U6", provider="PR1", home_postcode="B1 1AA"),
    )
    assert "B1 1AA" not in str(told(started, words(addresses=False)))


def test_a_completion_date_that_moves_is_news_and_the_same_date_is_not() -> None:
    def noted(old: date | None, new: date | None) -> MeetingTimeNoted:
        return MeetingTimeNoted(
            pep_id=PEP, starts_at=AT, place=None, old_completion_due=old, completion_due=new
        )

    assert describe(noted(None, None), meta()) is None
    moved = noted(date(2026, 11, 27), date(2026, 12, 8))
    system = Actor(id="system:pep", role="system", on_behalf_of=str(SALLY))
    shown = told(moved, actor=system)
    assert (shown.who, shown.role_label) == ("Sally Worker", "automatically")
    assert lines(shown) == [("To be complete by", "27 November 2026", "8 December 2026")]


def test_meetings_and_their_record_in_english_time_and_words() -> None:
    summer = datetime(2027, 6, 1, 9, 30, tzinfo=UTC)
    old = When(starts_at=AT, duration_minutes=60, place=None, sequence=0)
    moved = MeetingRescheduled(
        **IDS,
        child_id=UUID(int=7),
        child_initials="MO",
        old=old,
        new=When(starts_at=summer, duration_minutes=60, place="Room 1", sequence=1),
        why=None,
        contact_name=None,
        contact_phone=None,
        invited=(),
    )
    assert lines(told(moved)) == [
        ("Meeting", "20 November 2026 at 10:30", "1 June 2027 at 10:30"),
        ("Place", None, "Room 1"),
    ]
    record = MeetingRecordSaved(
        **IDS,
        changes=(
            RecordChange(field="child_attended", label="Did the child attend?", new="part"),
            RecordChange(field="checklist", label="Checklist", new=["introductions", "progress"]),
        ),
    )
    assert lines(told(record)) == [
        ("Did the child attend?", None, "Yes, part of it"),
        ("Checklist", None, "Introductions and why we are meeting, Progress and attainment"),
    ]


def test_an_answer_by_link_is_by_the_name_of_the_invitation() -> None:
    answered = InvitationResponded(
        **IDS,
        child_id=UUID(int=7),
        invitation_id=UUID(int=5),
        name="Rosa Hill",
        answer="declined",
        organiser_account_id=None,
        child_initials="MO",
    )
    shown = told(answered, actor=Actor(id="invitation:5", role="guest"))
    assert (shown.who, shown.role_label, shown.what) == (
        "Rosa Hill",
        "Guest",
        "Rosa Hill declined the invitation",
    )


def test_mail_about_a_pep_is_told_without_its_address_and_other_mail_is_not() -> None:
    facts: Any = {"notification_id": uuid4(), "email": "rosa@example.org", "name": "Rosa Hill"}
    sent = NotificationSent(**facts, kind="invitation", message_id="<1>", pep_id=PEP)
    assert told(sent).what == "Mail sent to Rosa Hill: an invitation to the meeting"
    failed = NotificationFailed(**facts, kind="signed_off", why="no such mailbox", pep_id=PEP)
    shown = told(failed, actor=Actor(id="system:notification", role="system"))
    assert (shown.who, shown.role_label) == ("ePEP", "")
    assert lines(shown) == [("Why", None, "no such mailbox")]
    assert "rosa@" not in f"{row_of(sent)}{row_of(failed)}"
    unmailed = NotificationLeftUnmailed(
        notification_id=uuid4(), kind="submitted", account_id=uuid4(), name="Vera", pep_id=PEP
    )
    expected = "Told Vera in ePEP, without a mail: that the PEP was submitted"
    assert told(unmailed).what == expected
    assert describe(unmailed.model_copy(update={"pep_id": None}), meta()) is None
    code = NotificationSent(**facts, kind="login_code", message_id="<2>")
    assert describe(code, meta()) is None


def test_scores_say_what_they_were() -> None:
    scored = AreaScored(
        review_id=uuid4(),
        pep_id=PEP,
        area="voice",
        area_label="Voice",
        level="good",
        level_label="Good",
        old_level_label="Poor",
        comment=None,
    )
    assert lines(told(scored)) == [("Voice", "Poor", "Good")]


def test_a_description_is_of_its_own_event_alone() -> None:
    submitted = TargetSubmitted(
        pep_id=PEP, target_id=uuid4(), section="designated_teacher", statement="Read " * 50
    )
    assert describe(submitted, meta()) == describe(submitted, meta(stream_version=9))
    assert len(told(submitted).what) < 130
    assert quoted("a\nb  c") == "“a b c”"


def test_the_forms_own_sections_come_first_and_keep_their_titles() -> None:
    titles = section_titles(BIRMINGHAM)
    assert next(iter(titles)) == "social_worker"
    assert titles["meeting"] == "PEP Meeting"
    assert set(titles) > {"child", "mail", "qa", "pep"}


def test_unknown_people_are_not_shown_by_number() -> None:
    assert who_shown(str(uuid4()), None, words()) == "Somebody with an account"
    assert who_shown("system:pep", None, words()) == "ePEP"


@pytest.mark.parametrize("start", ["=1+1", "+1", "-1", "@x", "\tx", "\rx"])
def test_no_cell_is_a_formula(start: str) -> None:
    assert harmless(start) == f"'{start}"
    assert harmless("plain") == "plain"


def test_the_file_has_a_mark_and_a_line_for_each_field() -> None:
    saved = PageSaved(
        pep_id=PEP,
        section="social_worker",
        page="care_information",
        page_title="Care information",
        changes=(
            FieldChange(field="carer_name", label="Name", old="=cmd", new='Rowan "R", Hale'),
            FieldChange(field="carer_phone", label="Phone", new="+44 121\nmornings"),
        ),
    )
    data = csv_of([told(saved)])
    assert data.startswith(b"\xef\xbb\xbfWhen,Who,")
    _, first, second = csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""))
    assert first == [
        "20/11/2026 10:30:00",
        "Sally Worker",
        "Social Worker",
        "Social Work",
        "Care information saved",
        "Name",
        "'=cmd",
        'Rowan "R", Hale',
    ]
    assert second[-1] == "'+44 121\nmornings"
