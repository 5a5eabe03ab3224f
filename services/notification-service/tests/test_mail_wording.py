"""Times and names as mails write them."""

from datetime import UTC, datetime

import pytest

from notification_service.mails.wording import clock, day_and_time, one_line, span


@pytest.mark.parametrize(
    ("hour", "minute", "said"),
    [
        (10, 30, "10:30am"),
        (10, 0, "10am"),
        (12, 0, "midday"),
        (12, 5, "12:05pm"),
        (0, 0, "midnight"),
        (0, 15, "12:15am"),
        (15, 0, "3pm"),
    ],
)
def test_a_time_in_winter_is_said_as_people_say_it(hour: int, minute: int, said: str) -> None:
    assert clock(datetime(2026, 12, 3, hour, minute, tzinfo=UTC)) == said


def test_a_time_in_summer_is_england_s_and_not_the_database_s() -> None:
    moment = datetime(2026, 7, 1, 23, 30, tzinfo=UTC)
    assert day_and_time(moment) == "Thursday 2 July 2026 at 12:30am"


def test_a_span_names_the_day_once_unless_it_ends_on_another() -> None:
    start = datetime(2026, 12, 3, 10, 30, tzinfo=UTC)
    assert span(start, 60) == "Thursday 3 December 2026, 10:30am to 11:30am"
    late = datetime(2026, 12, 3, 23, 30, tzinfo=UTC)
    assert span(late, 60) == (
        "Thursday 3 December 2026 at 11:30pm to Friday 4 December 2026 at 12:30am"
    )


def test_nothing_in_a_name_can_begin_another_header() -> None:
    assert one_line("Bea\r\nBcc: all@example.org\x00\u2028 Brown") == (
        "Bea Bcc: all@example.org Brown"
    )
