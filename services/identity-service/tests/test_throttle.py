from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from identity_service.settings import IdentitySettings
from identity_service.throttling.counters import ADDRESS_RULE, throttled
from identity_service.throttling.networks import network_of
from identity_service.throttling.throttle import NO_WAIT, Failures, one_less, one_more, wait

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
PATIENT = st.lists(st.integers(0, 3600), max_size=40)


def failed(times: int) -> Failures:
    """Fail so often, each time as soon as the wait is over."""
    failures, now = Failures(), NOW
    for _ in range(times):
        now += wait(failures, now)
        failures = one_more(failures, ADDRESS_RULE, now)
    return failures


def waits_after(times: int) -> timedelta:
    failures, now = Failures(), NOW
    for _ in range(times):
        now += wait(failures, now)
        failures = one_more(failures, ADDRESS_RULE, now)
    return wait(failures, now)


@pytest.mark.parametrize(
    ("times", "minutes"),
    [(1, 0), (4, 0), (5, 1), (6, 2), (7, 4), (8, 8), (9, 15), (10, 15), (60, 15)],
)
def test_the_fifth_failure_waits_a_minute_and_each_later_one_twice_as_long(
    times: int, minutes: int
) -> None:
    assert waits_after(times) == timedelta(minutes=minutes)


def test_failures_are_forgotten_a_day_after_the_first() -> None:
    later = NOW + ADDRESS_RULE.window
    assert one_more(failed(4), ADDRESS_RULE, later) == Failures(1, later, None)


def test_a_try_that_was_right_leaves_no_wait_behind() -> None:
    before = failed(4)
    taken = one_more(before, ADDRESS_RULE, NOW)
    assert wait(taken, NOW) > NO_WAIT
    assert one_less(taken, taken, ADDRESS_RULE) == before


def test_a_try_that_was_right_takes_no_wait_away_that_others_have_begun() -> None:
    taken = one_more(failed(4), ADDRESS_RULE, NOW)
    guessed = one_more(one_more(taken, ADDRESS_RULE, NOW), ADDRESS_RULE, NOW)
    left = one_less(guessed, taken, ADDRESS_RULE)
    assert (left.count, wait(left, NOW)) == (6, wait(guessed, NOW))
    once = one_more(one_more(failed(3), ADDRESS_RULE, NOW), ADDRESS_RULE, NOW)
    assert wait(one_less(once, failed(4), ADDRESS_RULE), NOW) == NO_WAIT  # four are no wait


@given(PATIENT)
def test_nobody_waits_longer_than_a_quarter_of_an_hour(pauses: list[int]) -> None:
    failures, now = Failures(), NOW
    for pause in pauses:
        failures = one_more(failures, ADDRESS_RULE, now)
        assert NO_WAIT <= wait(failures, now) <= timedelta(minutes=15)
        now += timedelta(seconds=pause)


def test_the_wait_is_said_in_whole_seconds_and_minutes_rounded_up() -> None:
    problem = throttled(timedelta(seconds=60, milliseconds=1))
    assert problem.headers == {"Retry-After": "61"}
    assert "2 minutes" in problem.detail
    assert "1 minute " in throttled(timedelta(seconds=59)).detail


PROXIES = IdentitySettings(
    database_url="postgresql://",
    secret_key="MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=",
    trusted_proxies="127.0.0.1/32, 10.0.0.0/8",
).trusted_proxies


@pytest.mark.parametrize(
    ("peer", "forwarded", "network"),
    [
        ("192.0.2.7", "203.0.113.9", "192.0.2.7"),  # the peer is nobody's proxy
        ("127.0.0.1", None, "127.0.0.1"),
        ("127.0.0.1", "203.0.113.9", "203.0.113.9"),
        ("127.0.0.1", "198.51.100.1, 203.0.113.9", "203.0.113.9"),  # what it claims about others
        ("127.0.0.1", "203.0.113.9, 10.1.2.3", "203.0.113.9"),  # two proxies in a row
        ("127.0.0.1", "203.0.113.9, not-an-address", "127.0.0.1"),
        ("127.0.0.1", "2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.7", None, "192.0.2.7"),
        ("unknown", "203.0.113.9", "unknown"),
    ],
)
def test_forwarded_for_is_believed_only_of_trusted_proxies(
    peer: str, forwarded: str | None, network: str
) -> None:
    assert network_of(peer, forwarded, PROXIES) == network
