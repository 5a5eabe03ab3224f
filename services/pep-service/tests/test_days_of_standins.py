"""The days of a delegation or a cover: not over, not for more than a year, nor a year away."""

from datetime import date

import pytest

from epep_runtime.problems import InvalidError
from pep_service.access.delegations import check_days

TODAY = date(2028, 2, 29)


@pytest.mark.parametrize(
    ("since", "until"),
    [(None, TODAY), (TODAY, date(2029, 3, 1)), (date(2029, 3, 1), date(2030, 3, 2))],
)
def test_days_that_will_do(since: date | None, until: date) -> None:
    check_days(since, until, TODAY)


@pytest.mark.parametrize(
    ("since", "until", "wrong"),
    [
        (date(2028, 2, 28), date(2028, 3, 1), ("from", "past")),
        (None, date(2028, 2, 28), ("until", "past")),
        (date(2028, 3, 2), date(2028, 3, 1), ("until", "past")),
        (None, date(2029, 3, 2), ("until", "too-long")),
        (date(2029, 3, 2), date(2029, 3, 2), ("from", "too-late")),
        (date.max, date.max, ("from", "too-late")),  # no day comes after it
    ],
)
def test_days_that_are_refused(since: date | None, until: date, wrong: tuple[str, str]) -> None:
    with pytest.raises(InvalidError) as refusal:
        check_days(since, until, TODAY)
    assert [(each.field, each.code) for each in refusal.value.errors] == [wrong]
