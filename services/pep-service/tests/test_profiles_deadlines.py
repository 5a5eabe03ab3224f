"""Calendar and working days, in England's calendar (domain 2.2, D10-D12)."""

from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from epep_events.pep import AuthorityProfilePublished
from epep_events.profile import Period
from pep_service.profiles.deadlines import completion_due, deadline, is_working_day, rule_text
from pep_service.profiles.documents_on_disk import decide_publishing, shipped_documents
from pep_service.profiles.next_pep import default_kind, next_kind, review_reason, term_of

DAYS = st.dates(date(2024, 9, 1), date(2027, 8, 31))


def working(n: int) -> Period:
    return Period(n=n, unit="working_days")


@settings(deadline=None)
@given(DAYS)
def test_ten_and_twenty_working_days_span_what_the_domain_computed(day: date) -> None:
    assert 12 <= (deadline(day, working(10)) - day).days <= 19
    assert 26 <= (deadline(day, working(20)) - day).days <= 33


@settings(deadline=None)
@given(DAYS, st.integers(1, 40))
def test_a_deadline_is_a_working_day_with_n_of_them_after_the_start(day: date, n: int) -> None:
    end = deadline(day, working(n))
    between = [day + timedelta(days=each) for each in range(1, (end - day).days + 1)]
    assert sum(map(is_working_day, between)) == n
    assert is_working_day(end)


@settings(deadline=None)
@given(DAYS, st.integers(0, 60))
def test_calendar_days_count_every_day(day: date, n: int) -> None:
    assert deadline(day, Period(n=n, unit="calendar_days")) == day + timedelta(days=n)


def test_twenty_working_days_are_not_twenty_eight_days_d11() -> None:
    entry = date(2026, 12, 18)
    assert deadline(entry, working(20)) == date(2027, 1, 20)
    assert deadline(entry, Period(n=28, unit="calendar_days")) == date(2027, 1, 15)


@pytest.mark.parametrize(
    "day",
    [
        date(2026, 12, 25),
        date(2026, 12, 28),  # Boxing Day's substitute
        date(2027, 3, 26),  # Good Friday
        date(2027, 5, 3),
        date(2026, 11, 1),  # a Sunday
    ],
)
def test_days_on_which_england_does_not_work(day: date) -> None:
    assert not is_working_day(day)
    assert is_working_day(date(2026, 11, 30))  # St Andrew's Day is Scotland's


def test_completion_is_due_by_the_rule_or_never_d12() -> None:
    rule = Period(n=7, unit="calendar_days")
    assert completion_due(rule, date(2026, 11, 20)) == date(2026, 11, 27)
    assert completion_due(None, date(2026, 11, 20)) is None
    assert completion_due(rule, None) is None
    assert rule_text(rule) == "7 days after the meeting"
    assert rule_text(working(1)) == "1 working day after the meeting"


def test_a_document_is_published_once_and_when_it_is_in_force() -> None:
    document = shipped_documents()[0]
    today = document.effective_from
    assert decide_publishing([], document, today) == [AuthorityProfilePublished(profile=document)]
    assert decide_publishing([document.version], document, today) == []
    assert decide_publishing([], document, today - timedelta(days=1)) == []
    newer = document.model_copy(update={"version": document.version + 1})
    assert decide_publishing([document.version], newer, today) != []


def test_what_follows_a_sign_off_is_a_review_with_the_authoritys_reason() -> None:
    kinds, reasons = {}, {}
    for profile in shipped_documents():
        kinds[profile.code] = next_kind(profile).label
        reasons[profile.code] = review_reason(profile, date(2027, 3, 4)).value
        assert default_kind(profile, first=True).value == "initial"
        assert default_kind(profile, first=False).value == "review"
    assert kinds == {"330": "Termly review PEP", "998": "Termly PEP"}
    assert reasons == {"330": "termly_review", "998": "spring"}
    assert [term_of(date(2027, month, 20)) for month in (1, 4, 7, 9, 12)] == [
        "spring",
        "summer",
        "summer",
        "autumn",
        "autumn",
    ]
