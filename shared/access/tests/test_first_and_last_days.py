"""First and last days as instants: midnights in England, also where the calendar or year ends."""

from datetime import UTC, date, datetime

import pytest

from epep_access.days import end_of, start_of

SAID = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("last", "over"),
    [
        (date(2026, 3, 28), datetime(2026, 3, 29, 0, tzinfo=UTC)),  # the clocks go forward at one
        (date(2026, 3, 29), datetime(2026, 3, 29, 23, tzinfo=UTC)),
        (date(2026, 10, 25), datetime(2026, 10, 26, 0, tzinfo=UTC)),  # and back at two
        (date(2026, 12, 31), datetime(2027, 1, 1, 0, tzinfo=UTC)),
        (date(2028, 2, 28), datetime(2028, 2, 29, 0, tzinfo=UTC)),
        (date(9999, 12, 30), datetime(9999, 12, 31, 0, tzinfo=UTC)),
    ],
)
def test_a_last_day_counts_in_full(last: date, over: datetime) -> None:
    assert end_of(last) == over


def test_the_calendars_last_day_is_never() -> None:
    """What "for ever" is elsewhere must not stop the read models at the event that says it."""
    assert end_of(date.max) is None
    assert end_of(None) is None


def test_what_has_no_first_day_begins_when_it_is_said() -> None:
    assert start_of(None, SAID) == SAID
    assert start_of(date(2026, 7, 1), SAID) == datetime(2026, 6, 30, 23, tzinfo=UTC)
    assert start_of(date.min, SAID) <= datetime(1, 1, 1, 0, 2, tzinfo=UTC)
